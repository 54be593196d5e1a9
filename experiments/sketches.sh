# Experiment 7: choices by sketches of several ranks and dimensions, tuned alike.
#     sh experiments/sketches.sh MODEL [FLAGS of spanset trial]
set -eu
model=$1
shift
runs=experiments/runs/sketches
mkdir -p "$runs"
stores=""
for shape in 8:512 64:512 64:4096 512:8192; do
  store="$runs/store-${shape%:*}-${shape#*:}"
  spanset features data/alpaca.json --model "$model" --rank "${shape%:*}" --dimension "${shape#*:}" --out "$store"
  stores="$stores${stores:+,}store:$store"
done
spanset trial data/alpaca.json --model "$model" -k 800 --method dpp --features "$stores" \
  --eval data/lima.json,data/roleplay.json,data/gsm8k_test.jsonl,data/alpaca_eval.json \
  --seeds 3 --draws 5 --epochs 2 --out "$runs/trial" "$@"
