"""Tables of static embeddings, a vector a token: the installed one, or any in model2vec's form.

Only files are read, of the form that `tokenizers` and `safetensors` define: nothing that a package
or a folder brings is run.

    installed   the table of the package wordllama (Miller 2024, MIT), 32,000 x 256, inside its
                wheel; its own loader would ask the network. Versions whose content is known are
                taken, no others: what is compared by it must mean the same everywhere.
    a folder    model.safetensors and tokenizer.json as model2vec or sentence-transformers (its
                StaticEmbedding) write them; a name is fetched from the hub.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.base.extras import require
from spanset.base.file_digest import sha256_of
from spanset.models.libraries import first_line

PACKAGE = "wordllama"
TABLE = Path("weights", "l2_supercat_256.safetensors")
TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
# Of the releases 0.2.2.post0 and 0.4.0.post1, whose tables are the same and whose tokenizers differ
# in a line break at the end.
TABLE_DIGEST = "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5"
TOKENIZER_DIGESTS = (
    "bf467c9e0f536bda271283c6ef85eb1a943e3196b621c8a912d64953b205df83",
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
)
MEND = "pip install --force-reinstall --no-deps 'wordllama==0.2.2.post0', or use --features lexical"

# Where a folder has table and tokenizer, and what the table is called: as model2vec reads them.
LAYOUTS = (
    (Path("model.safetensors"), Path("tokenizer.json")),
    (Path("0_StaticEmbedding", "model.safetensors"), Path("0_StaticEmbedding", "tokenizer.json")),
)
TENSORS = ("embeddings", "embedding.weight")
FETCHED = [str(path) for layout in LAYOUTS for path in layout]


@dataclass(frozen=True, eq=False)
class StaticTable:
    """Vectors of tokens, and what cuts a text into tokens.

    Attributes
    ----------
    name : str
        As the user gave it; of the installed table the package's.
    digest : str
        Of table and tokenizer.
    vectors : (V, d) float32
        A row a token; zeros where a token has none.
    is_known : (V,) bool
        Tokens with a vector: all but the sign for what the tokenizer does not know.
    byte_tokens : (V,) int16
        The byte that a token stands for where the tokenizer spells what it does not know, else -1.
    tokenizer : tokenizers.Tokenizer
        Without padding, and without a limit of its own; a text's first word is cut as the others
        are.
    """

    name: str
    digest: str
    vectors: npt.NDArray[np.float32]
    is_known: npt.NDArray[np.bool_]
    byte_tokens: npt.NDArray[np.int16]
    tokenizer: Any

    @classmethod
    def load(cls, name: str = "", revision: str | None = None) -> StaticTable:
        """The table of a folder or of a name on the hub; of no name the one that is installed.

        Raises
        ------
        MissingExtraError
            The package with the table is not installed.
        DataError
            It is another version, or damaged.
        UsageError
            No model, or none in a form that is known.
        """
        if not name:
            return _installed()
        try:
            folder = Path(name).expanduser()
            is_folder, is_there = folder.is_dir(), folder.exists()
        except (OSError, RuntimeError) as error:  # too long, not to be looked at, no such user
            raise _unusable(name, first_line(error)) from error
        if not is_folder:
            if is_there:
                raise _unusable(name, "it is no folder")
            if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
                raise _unusable(name, "the folder does not exist")
            folder = _fetched(name, revision)
        return _of_folder(folder, name)

    def tokens(self, texts: Sequence[str]) -> list[Any]:
        """Numbers of each text's tokens, without signs for start and end.

        Raises
        ------
        UsageError
            The tokenizer has no way to cut a text, as without a sign for what it does not know.
        """
        try:
            made = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        except Exception as error:  # the package raises nothing narrower
            raise _unusable(self.name, f"its tokenizer: {first_line(error)}") from error
        return [one.ids for one in made]


def _installed() -> StaticTable:
    """The table inside the package, which is not imported."""
    found = importlib.util.find_spec(PACKAGE)
    places = None if found is None else found.submodule_search_locations
    if not places:
        raise MissingExtraError(
            "the table of static embeddings is not installed",
            where="--features static",
            why=f"it is inside the package {PACKAGE}, which spanset asks for",
            fix="pip install 'wordllama==0.2.2.post0', or use --features lexical",
        )
    folder = Path(next(iter(places)))
    pairs = ((TABLE, (TABLE_DIGEST,)), (TOKENIZER, TOKENIZER_DIGESTS))
    for path, known in pairs:
        try:
            found_digest = sha256_of(folder / path)
        except OSError as error:
            why = error.strerror or str(error)
            raise _broken(folder / path, f"it cannot be read: {why}") from error
        if found_digest not in known:
            why = f"its content is none that is known (sha256 {found_digest[:12]}...)"
            raise _broken(folder / path, why)
    return _made(folder / TABLE, folder / TOKENIZER, PACKAGE, f"sha256:{TABLE_DIGEST}")


def _of_folder(folder: Path, name: str) -> StaticTable:
    try:
        found = next((layout for layout in LAYOUTS if (folder / layout[0]).is_file()), None)
        if found is None:
            raise _unusable(name, f"{LAYOUTS[0][0]} is not there")
        table, tokenizer = found
        if not (folder / tokenizer).is_file():
            raise _unusable(name, f"{tokenizer} is not there: no text can be cut into its tokens")
        digests = (sha256_of(folder / path) for path in (table, tokenizer))
        digest = hashlib.sha256(":".join(digests).encode()).hexdigest()
    except OSError as error:
        raise _unusable(name, error.strerror or str(error)) from error
    return _made(folder / table, folder / tokenizer, name, f"sha256:{digest}")


def _made(table: Path, tokenizer: Path, name: str, digest: str) -> StaticTable:
    """From the two files: every token's own vector, by mapping and weights where there are such."""
    cutter = _tokenizer(tokenizer, name)
    vectors, weights, mapping = _tensors(table, name)
    # One more than the largest number of a token: there may be some that none has.
    size = 1 + max(cutter.get_vocab(with_added_tokens=True).values(), default=-1)
    ids = np.arange(len(vectors)) if mapping is None else mapping
    if len(ids) != size or not size:
        raise _unusable(name, f"the tokenizer has {size:,} tokens, the table {len(ids):,}")
    if ids.min() < 0 or ids.max() >= len(vectors):
        why = f"its mapping names vectors {ids.min()} to {ids.max()}, there are {len(vectors):,}"
        raise _unusable(name, why)
    if weights is not None and len(weights) != size:
        raise _unusable(name, f"{len(weights):,} weights for {size:,} tokens")
    # One that is no number is a token that is not known: it must not spoil a mean.
    with np.errstate(over="ignore", invalid="ignore"):
        own = vectors[ids].astype(np.float32)
        if weights is not None:
            own *= weights[:, None].astype(np.float32)
    is_known = np.logical_and(np.isfinite(own).all(axis=1), own.any(axis=1))
    unknown = _unknown_token(cutter)
    if unknown is not None:
        is_known[unknown] = False
    own[~is_known] = 0.0
    if not is_known.any():
        raise _unusable(name, "no token has a vector")
    return StaticTable(name, digest, own, is_known, _byte_tokens(cutter, size), cutter)


def _tokenizer(path: Path, name: str) -> Any:
    from tokenizers import Tokenizer

    try:
        made = Tokenizer.from_file(str(path))
        made.no_padding()
        made.no_truncation()
        _cut_all_words_alike(made)
    except Exception as error:  # the package raises nothing narrower
        raise _unusable(name, f"{path.name}: {first_line(error)}") from error
    return made


def _cut_all_words_alike(tokenizer: Any) -> None:
    """Some tokenizers have another token for a word without a blank before it: put one there.

    A byte-level one could be told to put it there itself, but would do so before every piece into
    which another step cut the word: inside of words, too.
    """
    from tokenizers import normalizers

    alone, after, both = (
        tokenizer.encode(text, add_special_tokens=False).ids for text in ("a", " a", "a a")
    )
    if alone != after and both == alone + after:
        own = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(" "), *own])


def _tensors(
    path: Path, name: str
) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, npt.NDArray[Any] | None]:
    """The table (n, d), and per token a weight and the place of its vector where there are such."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            there = set(file.keys())
            wanted = next((one for one in TENSORS if one in there), None)
            names = [one for one in (wanted, "weights", "mapping") if one in there]
            tensors = {one: file.get_tensor(one) for one in names}
    except (SafetensorError, OSError, TypeError, ValueError) as error:
        raise _unusable(name, f"{path.name}: {first_line(error)}") from error
    if wanted is None:
        raise _unusable(name, f"{path.name} has no tensor {' or '.join(TENSORS)}")
    for one, tensor in tensors.items():
        kinds = "iu" if one == "mapping" else "fiu"
        if tensor.ndim != 1 + (one == wanted) or not tensor.size or tensor.dtype.kind not in kinds:
            shown = f"the shape {tensor.shape}, the type {tensor.dtype}"
            raise _unusable(name, f"{path.name}: its tensor {one} has {shown}")
    return tensors[wanted], tensors.get("weights"), tensors.get("mapping")


def _unknown_token(tokenizer: Any) -> int | None:
    """The token that stands for what the tokenizer does not know."""
    model = json.loads(tokenizer.to_str())["model"]
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    unknown = model.get("unk_token")
    return None if unknown is None else tokenizer.token_to_id(unknown)


def _byte_tokens(tokenizer: Any, size: int) -> npt.NDArray[np.int16]:
    """The byte of every token that stands for one: <0x00> to <0xFF>."""
    values = np.full(size, -1, np.int16)
    for byte in range(256):
        token = tokenizer.token_to_id(f"<0x{byte:02X}>")
        if token is not None:
            values[token] = byte
    return values


def _fetched(name: str, revision: str | None) -> Path:
    """Folder of a model on the hub, from the hub's cache where it is there."""
    hub = require("huggingface_hub", extra="models")
    options = {"revision": revision, "allow_patterns": FETCHED}
    try:
        folder = Path(hub.snapshot_download(name, local_files_only=True, **options))
        if any(all((folder / path).is_file() for path in layout) for layout in LAYOUTS):
            return folder  # else another file of it was wanted before
    except (OSError, ValueError, hub.errors.LocalEntryNotFoundError):
        pass  # not in the cache
    try:
        return Path(hub.snapshot_download(name, **options))
    except (OSError, ValueError, RuntimeError, hub.errors.HfHubHTTPError) as error:
        raise _unusable(name, first_line(error)) from error


def _broken(path: Path, why: str) -> DataError:
    return DataError(
        "the table of static embeddings is not the one that is known",
        where=str(path),
        why=why,
        fix=f"install it again: {MEND}",
    )


def _unusable(name: str, why: str) -> UsageError:
    return UsageError(
        "the static model cannot be used",
        where=f"--features static:{name}",
        why=why,
        fix="give a folder or a hub name of a model as model2vec saves it (model.safetensors and "
        "tokenizer.json), or leave the name out: --features static",
    )
