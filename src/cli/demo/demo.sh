#!/bin/sh
# The demo: a bank is made, imported and judged; every command it runs is shown first.
#
#   demo.sh CORDON JUDGE SOURCE WORK
set -eu
cordon=$1 judge=$2 source=$3 work=$4
accounts=10000
rules="fan_in fan_out cycle mule_chain structuring shared_device"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
    bold='' dim='' plain=''
fi
title() { printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }
shown() { printf '%s$ cordon %s%s\n' "$dim" "$*" "$plain"; }
run() { shown "$@" && "$cordon" "$@"; }
# The first labelled account of a kind into $account and $time.
example() {
    account=$(awk -F, -v kind="$1" '$2 == kind { print $1; exit }' bank/labels.csv)
    time=$(awk -F, -v kind="$1" '$2 == kind { print $4; exit }' bank/labels.csv)
}

mkdir -p "$work"
cd "$work"
rm -rf bank bank.store answers rules
mkdir answers
ln -s "$source/rules" rules
cp "$source/src/cli/demo/endless.lua" endless.lua

title "1. A made-up bank, with fraud planted in it"
run generate --out bank --seed 1 --accounts $accounts

title "2. Its CSV files become a snapshot: one file, memory-mapped, read-only"
run import --schema bank/schema.lua --out bank.store bank

title "3. One account, one rule: what was decided, why, and what it cost"
for rule in fan_in structuring shared_device; do
    [ $rule = fan_in ] || say ""
    example $rule
    run eval rules/fraud/$rule.lua --data bank.store --node "Account:$account" --as-of "$time" \
        --format pretty --usage --count 1000
done

title "4. A rule that would never end: it is stopped, and its declared fallback stands"
example fan_in
run eval endless.lua --data bank.store --node "Account:$account" --format pretty && status=0 ||
    status=$?
say "(exit code $status: a limit stopped the rule; the process, and every other request, goes on)"

title "5. Six rules over $(awk 'END { print NR }' bank/requests.ndjson) requests, each in a pristine sandbox"
for rule in $rules; do
    shown eval "rules/fraud/$rule.lua" --data bank.store --input bank/requests.ndjson "> answers/$rule.ndjson"
    "$cordon" eval "rules/fraud/$rule.lua" --data bank.store --input bank/requests.ndjson \
        --format ndjson > "answers/$rule.ndjson" || [ $? -eq 4 ]
done
say ""
say "Held against the planted truth (bank/labels.csv):"
say ""
# The files in the order of $rules, which a wildcard would not keep.
set --
for rule in $rules; do
    set -- "$@" "answers/$rule.ndjson"
done
"$judge" bank "$@"
say ""
say "  right: alerted accounts that take part in that kind of fraud.  precision: right / alerts."
say "  recall: right / all accounts that do.  money: the larger of what an account received and"
say "  sent in ten days.  p50, p99: wall time of one evaluation.  Some innocents look like fraud"
say "  (weddings, car dealers, families), so even a good rule raises some false alarms."

example cycle
title "What to try next"
cat <<NEXT
  cd $work
  export PATH=$(dirname "$cordon"):\$PATH

  cordon eval rules/fraud/cycle.lua --data bank.store --node Account:$account --as-of $time --usage
  cordon eval rules/fraud/fan_out.lua --data bank.store --input bank/requests.ndjson -p threshold=5 | head -1
  cordon snapshot info bank.store               # what is in the graph
  cp rules/fraud/fan_in.lua my_rule.lua         # write your own: rules/README.md
  cordon check my_rule.lua --data bank.store --schema bank/schema.lua
  cordon help                                   # everything else
NEXT
