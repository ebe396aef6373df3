# The units as systemd reads them, and how much it leaves open to them.

units_verify() {
	local units=$work/units
	mkdir -p "$units"
	for unit in yhat.service yhat.timer; do place "$unit" -e "s#User=yhat#User=$(id -un)#" >"$units/$unit"; done
	systemd-analyze verify --man=no "$units/yhat.service" "$units/yhat.timer" 2>&1 | tee "$work/units.txt"
	! grep -q 'yhat\.' "$work/units.txt"
}
timer_fires() { systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$root/configs/yhat.timer")"; }

if have systemd-analyze; then
	ok "systemd-analyze verify" units_verify
	ok "systemd-analyze calendar" timer_fires
else
	skip systemd "no systemd-analyze"
fi
