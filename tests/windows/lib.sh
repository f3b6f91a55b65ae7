# Shared by the tests of this folder, which source it: a directory on Wine's drive C: with a
# configuration and a policy in it, removed at the end. Expects the variables wine and wsauthzd.
root=$(cd "$(dirname "$0")/../.." && pwd)
drive=${WSAUTHZ_WINEPREFIX:-$root/build-windows/wine}/drive_c
group=S-1-5-21-1-2-3-1101
name=wsauthz-test-$$
dir=$drive/$name
config="C:\\$name\\wsauthz.yaml"
pipe="\\\\.\\pipe\\$name"
daemon=

fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	[ ! -f "$dir/log" ] || cat "$dir/log" >&2
	exit 1
}

# expect STATUS TEXT COMMAND...: the command ends with that status and prints the text, if any.
expect() {
	wanted=$1
	text=$2
	shift 2
	status=0
	"$wine" "$@" >"$dir/output" 2>&1 </dev/null || status=$?
	[ "$status" -eq "$wanted" ] || fail "$*: status $status, not $wanted: $(cat "$dir/output")"
	[ -z "$text" ] || grep -qF -e "$text" "$dir/output" ||
		fail "$*: no '$text' in: $(cat "$dir/output")"
}

# What a test must leave behind as it was: the service, and what `clean_more` of the test removes.
clean() {
	[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null || true
	if [ "$way" = service ]; then
		"$wine" "$wsauthzd" uninstall >/dev/null 2>&1 </dev/null || true
	fi
	clean_more
	rm -rf "$dir"
}

clean_more() {
	:
}

# write_policy VERB: what the group may do from now on, put in the place of the policy at once.
write_policy() {
	cat >"$dir/policy.new" <<CEDAR
@id("the-group") $1(principal in WinRM::Group::"$group", action, resource);
@id("administrators") permit(principal in WinRM::Group::"BUILTIN\\\\Administrators", action, resource);
CEDAR
	mv "$dir/policy.new" "$dir/policy/policy.cedar"
}

# make_directory [LINE...]: the lines are added to the configuration.
make_directory() {
	"$wine" cmd /c exit </dev/null
	mkdir -p "$dir/policy" "$dir/state"
	chmod 700 "$dir" "$dir/policy" "$dir/state"
	trap clean EXIT
	trap 'exit 1' INT TERM HUP
	cat >"$dir/wsauthz.yaml" <<YAML
authorize:
  socket: $pipe
admin:
  socket: $pipe-admin
state:
  directory: C:\\$name\\state
policy:
  directory: C:\\$name\\policy
  reload: on_request
YAML
	write_policy permit
}

# Starts the daemon from the console, and returns when it answers WSAUTHZCTL.
start_console() {
	"$wine" "$wsauthzd" --config "$config" >"$dir/log" 2>&1 </dev/null &
	daemon=$!
	until "$wine" "$1" status --config "$config" >/dev/null 2>&1 </dev/null; do
		kill -0 "$daemon" 2>/dev/null || fail "the daemon ended"
	done
}

# Has it stop, and waits until it has.
stop_console() {
	kill -INT "$daemon"
	status=0
	wait "$daemon" || status=$?
	daemon=
	[ "$status" -eq 0 ] || fail "the daemon ended with status $status"
}
