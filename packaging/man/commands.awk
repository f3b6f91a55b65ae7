# From the --help of every command of wsauthzctl, one after the other, to the list of commands in
# wsauthzctl(1).

function escape(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text
}

function prose(text) {
	gsub(/\\/, "\\e", text)
	sub(/^[.']/, "\\\\\\&", text)
	return text
}

# "-p, --policies FILE" or "--json", as an item of a list.
function option(left,   count, part, i) {
	count = split(left, part, " ")
	printf ".It"
	for (i = 1; i <= count; i++) {
		if (part[i] ~ /^--?[a-z]/) {
			comma = sub(/,$/, "", part[i])
			sub(/^-/, "", part[i])
			printf " Fl %s%s", escape(part[i]), comma ? " ," : ""
		} else {
			printf " Ar %s", escape(part[i])
		}
	}
	print ""
}

function end_list() {
	if (in_list)
		print ".El"
	in_list = 0
}

/^usage: wsauthzctl / {
	end_list()
	sub(/^usage: wsauthzctl /, "")
	sub(/ *\[OPTION \.\.\.\]$/, "")
	operands = ""
	if (match($0, /[^a-z -].*/)) {
		operands = substr($0, RSTART)
		$0 = substr($0, 1, RSTART - 1)
	}
	sub(/ *$/, "")
	print ".Ss " escape($0) (operands != "" ? " " escape(operands) : "")
	next
}

/^for every command:/ { common = 1 }

/^  --?[a-z]/ {
	line = substr($0, 3)
	if (match(line, /  +/)) {
		if (!in_list)
			print ".Bl -tag -width Ds -compact"
		in_list = 1
		option(substr(line, 1, RSTART - 1))
		print prose(substr(line, RSTART + RLENGTH))
	}
	next
}

/^$/ { next }

{
	end_list()
	print prose(toupper(substr($0, 1, 1)) substr($0, 2)) "."
}

END { end_list() }
