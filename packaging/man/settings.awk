# From packaging/wsauthz.yaml, where every setting is shown with its default and explained, to the
# list of settings in wsauthz.yaml(5).

# Text as mdoc wants it: a sentence a line, nothing that could be a macro or an escape.
function prose(text) {
	gsub(/\\/, "\\e", text)
	while (match(text, /`[^`]*`/))
		text = substr(text, 1, RSTART - 1) "\\(oq" substr(text, RSTART + 1, RLENGTH - 2) \
			"\\(cq" substr(text, RSTART + RLENGTH)
	gsub(/\. /, ".\n", text)
	gsub(/\n[.']/, "\n\\\\\\&", text)
	sub(/^[.']/, "\\\\\\&", text)
	return text
}

function flush_item() {
	if (heads != "")
		printf "%s", heads
	if (heads != "" && text != "")
		print prose(text)
	heads = text = ""
}

function end_list() {
	flush_item()
	if (in_list)
		print ".El"
	in_list = 0
}

function key(name, value, remark) {
	if (!in_list)
		print ".Bl -tag -width Ds"
	in_list = 1
	# Keys without words of their own share those of the keys before them.
	if (comment != "")
		flush_item()
	heads = heads ".It Ic " section "." name " : " value "\n"
	if (comment != "")
		text = comment
	if (remark != "")
		text = (text == "" ? "" : text " ") remark
	comment = ""
	if (remark != "")
		flush_item()
}

function head(name) {
	end_list()
	section = name
	print ".Ss " section
	if (comment != "")
		print prose(comment)
	comment = ""
}

/^ *$/ {
	flush_item()
	comment = ""
	started = 1
	next
}

# What stands before the first empty line is about the file as a whole.
!started { next }

/^#  [a-z_]+:/ {
	split(substr($0, 4), part, ": ")
	key(part[1], "No none")
	next
}

/^ *# / {
	if (comment == "")
		flush_item()
	sub(/^ *# /, "")
	comment = comment (comment == "" ? "" : " ") $0
	next
}

/^[a-z_]+:/ {
	sub(/:.*/, "")
	head($0)
	next
}

/^  [a-z_]+:/ {
	remark = ""
	if (match($0, /  # /)) {
		remark = substr($0, RSTART + 4)
		sub(/  # .*/, "")
	}
	name = $1
	sub(/:/, "", name)
	value = $0
	sub(/^ *[a-z_]+: */, "", value)
	sub(/ *$/, "", value)
	key(name, value == "\"\"" ? "No empty" : "Li " value, remark)
	next
}

END { end_list() }
