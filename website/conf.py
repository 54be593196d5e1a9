"""Settings of Sphinx. Nothing of the site comes from a network: system fonts, no outside script."""

from spanset import __version__

project = "spanset"
version = release = __version__
html_title = f"spanset {__version__}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
myst_heading_anchors = 4  # GitHub's names of headings, so that links to them work in both places
default_role = "literal"  # names in docstrings

# Docstrings are numpydoc; dataclasses name their attributes there.
napoleon_google_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_show_search_summary = False  # fetched from the pages, which a browser forbids files
toc_object_entries_show_parents = "hide"
