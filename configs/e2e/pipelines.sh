# yhat between Miller, DuckDB, csvkit and head.

# Miller before and after: the rows of women over 60, the highest first.
miller_between() {
	local there=$work/miller.csv
	mlr --csv filter '$sex == "female" && $age_years > 60' "$YHAT_TABLE" | yhat score -m "$YHAT_MODEL" | mlr --csv sort -nr y_hat >"$there" &&
		[[ $(mlr --icsv --ojson count "$there" | tr -dc 0-9) == $(mlr --icsv --ojson filter '$sex == "female" && $age_years > 60' then count "$YHAT_TABLE" | tr -dc 0-9) ]] &&
		mlr --icsv --onidx cut -f y_hat "$there" | sort -grc
}

# DuckDB writes Parquet, yhat scores it, DuckDB reads what comes out.
duckdb_between() {
	python - "$work" "$YHAT_TABLE" "$YHAT_MODEL" <<-'PY'
		import subprocess, sys
		import duckdb
		work, table, model = sys.argv[1:]
		duckdb.sql(f"copy (from '{table}') to '{work}/in.parquet'")
		subprocess.run(["yhat", "score", "-m", model, f"{work}/in.parquet", "-o", f"{work}/out.parquet"], check=True)
		rows, lost, low, high = duckdb.sql(f"""select count(*), count(*) filter (i.patient_id is distinct from o.patient_id), min(y_hat), max(y_hat)
		    from (select row_number() over () n, * from '{work}/in.parquet') i
		    full join (select row_number() over () n, * from '{work}/out.parquet') o using (n)""").fetchall()[0]
		assert (rows, lost) == (1000, 0) and 0 < low < high < 1, (rows, lost, low, high)
	PY
}

# csvkit before and after.
csvkit_between() {
	csvgrep -c sex -m female "$YHAT_TABLE" | yhat score -m "$YHAT_MODEL" | csvcut -c patient_id,y_hat | csvstat --count | grep -qx "$(csvgrep -c sex -r '^female$' "$YHAT_TABLE" | csvstat --count)"
}

# head goes away: yhat is quiet and says so with 141.
head_after() {
	local codes
	for _ in $(seq 200); do tail -n +2 "$YHAT_TABLE"; done | cat <(head -n 1 "$YHAT_TABLE") - >"$work/long.csv"
	yhat score -m "$YHAT_MODEL" "$work/long.csv" 2>"$work/head.err" | head -n 3 >"$work/head.csv"
	codes=${PIPESTATUS[0]}
	[[ $codes == 141 && ! -s $work/head.err && $(wc -l <"$work/head.csv") == 3 ]]
}

if have mlr; then ok "Miller | yhat | Miller" miller_between; else skip Miller "no mlr (Debian: miller)"; fi
if python -c 'import duckdb' 2>/dev/null; then ok "DuckDB, yhat, DuckDB by Parquet" duckdb_between; else skip DuckDB "not installed"; fi
if have csvcut; then ok "csvkit | yhat | csvkit" csvkit_between; else skip csvkit "not installed"; fi
ok "yhat | head" head_after
