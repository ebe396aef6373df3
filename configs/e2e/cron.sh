# The crontab under a real cron, in a mount namespace of its own: its tables,
# and a sendmail that only notes the letters. A good run sends none, a bad one
# sends one line.

cron_night() {
	local letters=$work/letters tables=$work/tables overlay=$work/overlay
	mkdir -p "$letters" "$tables" "$overlay"/{sbin,work}
	cp "$YHAT_TABLE" "$work/srv/patients/latest.csv"
	place crontab -e 's#^PATH=#PATH='"$root"'/bin:#' -e 's#^30 2 \* \* \*#* * * * *#' >"$tables/root"
	sed -e 's#latest.csv#none.csv#' -e 's#scored-#bad-#' -e 's#/run-#/bad-run-#' -e '/^[A-Z]/d;/^#/d' "$tables/root" >>"$tables/root.bad" && cat "$tables/root.bad" >>"$tables/root" && rm "$tables/root.bad"
	chmod 600 "$tables/root"
	printf '#!/bin/sh\ncat >"$(mktemp %s/XXXXXX)"\n' "$letters" >"$overlay/sbin/sendmail"
	chmod +x "$overlay/sbin/sendmail"
	unshare --mount bash -ec '
		mount --make-rprivate /
		mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$2/sbin,workdir=$2/work" /usr/sbin
		mount --bind "$1" /var/spool/cron/crontabs
		mount -t tmpfs none /run
		cron -f & trap "kill $!" EXIT
		sleep $((62 - 10#$(date +%S)))
		for _ in $(seq 20); do sleep 0.5; [ -z "$(ls "$3")" ] || break; done; sleep 2' _ "$tables" "$overlay" "$letters" || return
	ls "$letters"; cat "$letters"/*
	zcat "$work"/srv/yhat/scored-*.csv.gz | cmp - <(yhat score -m "$YHAT_MODEL" "$YHAT_TABLE") &&
		[[ $(ls "$letters" | wc -l) == 1 ]] && [[ $(sed '1,/^$/d' "$letters"/* | grep -c .) == 1 ]] && grep -q 'none.csv: no such file' "$letters"/*
}

if ! have cron; then
	skip cron "no cron (Debian: cron)"
elif [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
	skip cron "it wants root, for a mount namespace"
else
	ok "a night of cron: silence, or one line of mail" cron_night
fi
