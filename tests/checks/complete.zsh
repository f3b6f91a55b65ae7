# complete.zsh SCRIPT PROGRAM WORD...: what completion offers for the last word, one a line. The
# functions of zsh's completion system that the script calls print what they are given.
_describe() {
	local word
	for word in "${(@P)2}"; do
		print -r -- "${word%%:*}"
	done
}
_files() {
	print -rl -- ${words[CURRENT]}*(N)
}
complete_it() {
	local script=$1
	shift
	local -a words=("$@")
	[[ ${words[-1]} != nothing ]] || words[-1]=""
	local CURRENT=$#
	. "$script"
}
complete_it "$@"
