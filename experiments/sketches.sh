# Experiment 7: choices by sketches of several ranks and dimensions, tuned alike.
#     sh experiments/sketches.sh MODEL [FLAGS of spanset trial]
set -eu
model=$1
shift
runs=experiments/runs/sketches
mkdir -p "$runs"
for shape in 8:512 64:512 64:4096 512:8192; do
  rank=${shape%:*} dimension=${shape#*:}
  spanset features data/alpaca.json --model "$model" --rank "$rank" --dimension "$dimension" --out "$runs/$rank-$dimension"
done
spanset trial --config experiments/sketches.toml --model "$model" "$@"
