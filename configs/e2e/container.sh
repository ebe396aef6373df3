# The container recipe: by an engine where one runs; else the same conditions
# by bubblewrap: an empty root that cannot be written, no network, no
# capabilities, the program and two folders.

contained() { # the program's words
	local in=$work/box/in out=$work/box/out
	mkdir -p "$in" "$out" && chmod 777 "$out" && cp "$YHAT_MODEL" "$YHAT_TABLE" "$in"
	"box_$1" score -m /in/heart.json /in/patients.csv -o /out/scored.csv &&
		cmp "$out/scored.csv" <(yhat score -m "$YHAT_MODEL" "$YHAT_TABLE") &&
		! "box_$1" score -m /in/heart.json /in/patients.csv -o /scored.csv && # the root
		[[ $(ls -A "$out") == scored.csv ]]
}
box_engine() {
	"$engine" run --rm --read-only --network none --cap-drop all --security-opt no-new-privileges \
		-v "$work/box/in:/in:ro" -v "$work/box/out:/out" yhat-e2e "$@"
}
box_bwrap() {
	bwrap --unshare-all --cap-drop ALL --uid 65534 --gid 65534 --dev /dev --ro-bind "$root/bin/yhat" /yhat \
		--ro-bind "$work/box/in" /in --bind "$work/box/out" /out --remount-ro / --clearenv /yhat "$@"
}

engine=
for e in podman docker; do have $e && "$e" info >/dev/null 2>&1 && engine=$e && break; done
if [[ -n $engine ]]; then
	"$engine" build -q -t yhat-e2e -f "$root/configs/Containerfile" "$root/bin" >/dev/null && ok "the container, by $engine" contained engine
else
	skip "the container" "no engine runs here"
	if have bwrap; then ok "its conditions, by bubblewrap" contained bwrap; else skip "its conditions" "no bwrap (Debian: bubblewrap)"; fi
fi
