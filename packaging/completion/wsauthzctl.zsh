#compdef wsauthzctl
# Completion of wsauthzctl for zsh: the program itself knows what may come next.
local -a lines
lines=("${(@f)$(${(Q)words[1]} --complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
if [[ ${lines[1]} == :files ]]; then
	_files
elif [[ -n ${lines[1]} ]]; then
	lines=("${(@)lines/$'\t'/:}")
	_describe 'wsauthzctl' lines
fi
