# Completion of wsauthzctl for bash: the program itself knows what may come next.
_wsauthzctl() {
	local current=${COMP_WORDS[COMP_CWORD]} lines
	[ "$current" != = ] || current=
	mapfile -t lines < <("${COMP_WORDS[0]}" --complete \
		"${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
	if [ "${lines[0]-}" = :files ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	else
		COMPREPLY=("${lines[@]%%$'\t'*}")
	fi
}
complete -F _wsauthzctl wsauthzctl
