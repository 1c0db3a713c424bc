#!/usr/bin/env bash
# The rules of the house that no linter knows, checked over the files that git
# knows or would add:
#
#   - no Go file has more than 400 lines;
#   - no file names a path of somebody's machine;
#   - no test is skipped by hand, and nothing is left marked for later.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

limit=400
failed=0
complain() {
	printf 'house: %s\n' "$*" >&2
	failed=1
}

mapfile -t files < <(git ls-files --cached --others --exclude-standard | while read -r file; do
	if [ -f "$file" ]; then printf '%s\n' "$file"; fi
done)
mapfile -t code < <(printf '%s\n' "${files[@]}" | grep '\.go$' || true)

longest=0
for file in "${code[@]}"; do
	lines=$(wc -l <"$file")
	if [ "$lines" -gt "$longest" ]; then longest=$lines; fi
	if [ "$lines" -gt $limit ]; then
		complain "$file has $lines lines; at most $limit are allowed: split it by what its functions are for"
	fi
done

# Each pattern has a class of one letter, so that this file does not match itself.
while IFS=: read -r file line text; do
	[ -n "$file" ] && complain "$file:$line names a path of one machine: $text"
done < <(grep -nHIE '(^|[^[:alnum:]_./~-])/([r]oot|[h]ome/[a-z]+|[U]sers/[A-Za-z]+|[w]ork/(main|shared))(/|[^[:alnum:]_.-]|$)' -- "${files[@]}" | cut -c1-200 || true)

while IFS=: read -r file line text; do
	[ -n "$file" ] && complain "$file:$line: $text (finish it, or write an issue)"
done < <(grep -nHE '\b(TO[D]O|FIX[M]E)\b' -- "${code[@]}" | cut -c1-200 || true)

while IFS=: read -r file line text; do
	[ -n "$file" ] && complain "$file:$line: $text (a test that cannot run must fail and say what it needs)"
done < <(grep -nHE '\b[a-z]+\.[S]kip(f|Now)?\(' -- "${code[@]}" | grep -E '\b(t|b|tb)\.[S]kip' | cut -c1-200 || true)

if [ $failed -ne 0 ]; then
	exit 1
fi
printf 'house: %d files, %d of them Go, the longest %d lines: in order\n' "${#files[@]}" "${#code[@]}" "$longest"
