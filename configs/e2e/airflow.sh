# The DAG under a real Airflow: `airflow dags test` runs one day.

airflow_home() {
	export AIRFLOW_HOME=$work/airflow AIRFLOW__CORE__LOAD_EXAMPLES=False AIRFLOW__CORE__DAGS_FOLDER=$work/airflow/dags
	mkdir -p "$AIRFLOW_HOME/dags"
	place airflow_dag.py -e 's#minutes=10#seconds=1#' >"$AIRFLOW_HOME/dags/score_patients.py"
	airflow db migrate
}
dag() { airflow dags test score_patients "$1" >"$work/dag-$1.log" 2>&1; }
states() { # DAY: "score=success verify=success", of the day's last run
	python - "$AIRFLOW_HOME/airflow.db" "$1" <<-'PY'
		import sqlite3, sys
		rows = sqlite3.connect(sys.argv[1]).execute("""select task_id || '=' || state from task_instance where run_id =
		    (select run_id from dag_run where logical_date like ? || '%' order by id desc limit 1) order by task_id""", sys.argv[2:])
		print(*(row[0] for row in rows))
	PY
}
tries() { # DAY: how often score was tried
	grep -c 'Running command.*yhat score' "$work/dag-$1.log"
}

told() { # DAY: what went on, when it was not what it should be
	states "$1"
	cut -c 30-200 "$work/dag-$1.log"
	return 1
}

# A day with patients: scored, verified, the summary read back; again, the same bytes.
day_with_patients() {
	cp "$YHAT_TABLE" "$work/srv/patients/2025-01-02.csv"
	dag 2025-01-02 && [[ $(states 2025-01-02) == "score=success verify=success" ]] || told 2025-01-02
	local sum && sum=$(sha256sum <"$work/srv/yhat/scored/2025-01-02.parquet")
	dag 2025-01-02 && [[ $(sha256sum <"$work/srv/yhat/scored/2025-01-02.parquet") == "$sum" ]]
}
# A day without: skipped, and what depends on it.
day_without() {
	head -n 1 "$YHAT_TABLE" >"$work/srv/patients/2025-01-03.csv"
	dag 2025-01-03
	[[ $(states 2025-01-03) == "score=skipped verify=skipped" && ! -e $work/srv/yhat/scored/2025-01-03.parquet ]]
}
# A damaged day: failed at the first try.
day_damaged() {
	(cat "$YHAT_TABLE" && echo 'SYNTHETIC-1001,male,heavy,170,40,70,190') >"$work/srv/patients/2025-01-04.csv"
	dag 2025-01-04
	[[ $(states 2025-01-04) == "score=failed verify=upstream_failed" && $(tries 2025-01-04) == 1 ]]
}
# Another run holds the output at first: tried again, and then well.
day_locked() {
	cp "$YHAT_TABLE" "$work/srv/patients/2025-01-05.csv"
	mkfifo "$work/held"
	yhat score -m "$YHAT_MODEL" -o "$work/srv/yhat/scored/2025-01-05.parquet" <"$work/held" &
	local holder=$!
	exec 3>"$work/held"
	(until grep -q 'exit code 75' "$work/dag-2025-01-05.log" 2>/dev/null; do sleep 0.2; done; kill $holder) &
	dag 2025-01-05
	exec 3>&-
	[[ $(states 2025-01-05) == "score=success verify=success" && $(tries 2025-01-05) -ge 2 ]] || told 2025-01-05
}

if ! have airflow; then
	skip Airflow "not installed"
elif ! airflow_home >"$work/airflow.log" 2>&1; then
	skip Airflow "its database cannot be made: $(tail -n 1 "$work/airflow.log")"
else
	ok "Airflow: a day with patients, twice" day_with_patients
	ok "Airflow: a day without is skipped" day_without
	ok "Airflow: a damaged day fails at once" day_damaged
	ok "Airflow: an output that is held is tried again" day_locked
fi
