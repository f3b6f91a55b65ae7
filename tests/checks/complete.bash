# complete.bash SCRIPT PROGRAM WORD...: what completion offers for the last word, one a line.
. "$1"
shift
[ "${*: -1}" != nothing ] || set -- "${@:1:$#-1}" ""
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
_wsauthzctl
for word in "${COMPREPLY[@]}"; do
	[ -z "$word" ] || printf '%s\n' "$word"
done
