package main

import "github.com/urfave/cli/v2"

// configFlag names a job file, modelFlag a model; most commands have both.
func configFlag() cli.Flag {
	return file(running, "config", "take flags from a job `FILE` (YAML)")
}

func modelFlag() cli.Flag {
	return file(reading, "model", "the model `FILE` (required)", "m")
}

// featuresFlag names the columns of the features by their order.
func featuresFlag() cli.Flag {
	return many(reading, "features", "`LIST` of the columns that the model's features are, in its order; all: every column of the table, in its order (default: by the features' names)")
}

// readFlags say how a table is read.
func readFlags() []cli.Flag {
	return []cli.Flag{
		one(reading, "input-format", "`FORMAT` of the inputs: csv, tsv, ndjson, parquet, arrow or arrows (default: known by first bytes, then by name, else csv)"),
		one(reading, "delimiter", "`CHAR` between the cells, or tab (default: the format's own)"),
		one(reading, "encoding", "the text's encoding, `NAME`: "+joinEncodings()+" (default utf-8); what is written is UTF-8"),
		truth(reading, "header", "=false: the first line is data; name the columns with --columns"),
		truth(reading, "no-header", "the same as --header=false"),
		many(reading, "columns", "`LIST` of the column names of a table without a header"),
	}
}

// cellFlags say how cells become features.
func cellFlags() []cli.Flag {
	return []cli.Flag{
		many(reading, "map", "`FEATURE=COLUMN`, where the names differ; COLUMN*K, COLUMN+C or COLUMN*K+C also changes the unit: weight_kg=pounds*0.4536 (may be repeated)"),
		many(reading, "missing-values", "`LIST` of cells that stand for no value (default: the empty cell, NA, N/A, NaN, nan, null, NULL)"),
		one(reading, "decimal", "`CHAR` before the decimals of a number: . or , (default .)"),
	}
}

// runFlags say how the work is done.
func runFlags() []cli.Flag {
	return []cli.Flag{
		one(running, "workers", "how many cores work, `N` (default: every core it may use); never changes the output"),
		one(running, "block-size", "`BYTES` of text a worker takes at once, such as 256KiB (default, more for wide tables); never changes the output"),
		one(running, "precision", "compute in `BITS` 32 (default) or 64"),
		one(running, "max-record", "longest record in `BYTES` (default 16MiB)"),
		file(running, "tmp-dir", "`FOLDER` for what must be spooled: Parquet from a pipe (default: the system's)"),
		configFlag(),
	}
}

// memoryFlag bounds a run.
func memoryFlag() cli.Flag {
	return one(running, "memory", "`BYTES` the run may take (default: three quarters of what its control group or the machine has): blocks are made smaller and workers fewer, and a table that asks for more is refused (65)")
}

// tellFlags say what people and machines are told.
func tellFlags() []cli.Flag {
	return []cli.Flag{
		one(telling, "progress", "`WHEN` to show a progress bar: auto (default: on a terminal), always or never"),
		truth(telling, "quiet", "say nothing but errors"),
		one(telling, "log-format", "messages as `FORMAT` text (default) or json"),
	}
}

// scoreFlags are the flags of yhat score.
func scoreFlags() []cli.Flag {
	flags := append([]cli.Flag{modelFlag()}, readFlags()...)
	flags = append(flags, cellFlags()...)
	flags = append(flags, featuresFlag(),
		many(reading, "types", "`NAME=TYPE,…`: what text columns become in parquet, arrow and arrows: string, int64, float64, bool, date or timestamp"),
		one(reading, "limit", "read only the first `N` rows"),
		file(reading, "files-from", "read the names of the inputs, one a line, from `FILE`, or - for stdin"),
		one(reading, "expect-rows", "fail (65) if there are not exactly `N` data rows in all inputs"),
		truth(reading, "require-final-newline", "refuse (65) text whose last line does not end: it may be cut short"),
		one(reading, "empty", "a table without rows is `WHAT`: ok (default: an output without rows), fail (65) or skip (99)"),

		file(writing, "output", "write to `FILE` (default -: stdout); its name says the format: x.csv.gz, x.parquet; DIR/: a folder, one output for each input, of which a further run does what is not done", "o"),
		one(writing, "output-format", "`FORMAT` of the output (default: by name; to stdout, that of text inputs, else csv)"),
		one(writing, "output-delimiter", "`CHAR` between the cells (default: the first input's)"),
		truth(writing, "output-header", "=false: write no header"),
		many(writing, "keep", "input columns to write as well: all (default), none, or a `LIST`"),
		one(writing, "output-prefix", "`P` goes before the name of each computed column"),
		many(writing, "add", "`NAME=VALUE`: a constant column; {model} {model_sha256} {version} {run_id} are filled in (may be repeated)"),
		many(writing, "activations", "also write what layers give: none (default), all, or a `LIST` of layers by number from 1 or by name"),
		one(writing, "activation-layout", "activations as `LAYOUT` wide (default: a column a unit) or list (one column a layer)"),
		one(writing, "threshold", "label a row by its prediction: at `T` and above it is the second label, or 1"),
		many(writing, "bands", "`NAME=FROM,…`: name ranges of predictions by where they start: low=0,refer=0.1,high=0.3"),
		one(writing, "explain", "also write the `K` features that moved a prediction most from that of the model's baseline, and by how much"),
		one(writing, "explain-method", "`HOW`: integrated-gradients (default), or shapley (exact; for up to 12 features)"),
		one(writing, "explain-output", "the prediction to explain, by `NAME` (default: that of the row's label, else the first)"),
		one(writing, "float-format", "computed numbers in text as `HOW` shortest (default) or fixed:N decimals"),
		truth(writing, "escape-formulas", "csv and tsv: an apostrophe before text that a spreadsheet would take for a formula (= + - @)"),

		one(badRows, "on-bad-row", "`WHAT` happens to a row that cannot be scored: fail (default: stop, 65), reject (leave it out), null (keep it, without a prediction)"),
		file(badRows, "rejects", "with --on-bad-row=reject: `FILE` (CSV) for place and reason of each rejected row; with -o DIR/ a folder too"),
		truth(badRows, "rejects-raw", "add the raw record to --rejects: it holds the row's values"),
		file(badRows, "profile", "compare with the profile in `FILE`, made by inspect --profile (default: the one the model carries)"),
		many(badRows, "max-psi", "fail (65), publishing nothing, where values lie too differently from the profile: a population stability index above `LIMIT`, such as 0.25, or NAME=LIMIT for one feature or prediction"),
		many(badRows, "max-missing", "fail (65), publishing nothing, where more than `P%` of a feature's cells are missing, or NAME=P%"),
		one(badRows, "max-bad", "stop at more than `N` bad rows, or fail in the end at more than P% of them (default 100%)"),
	)
	flags = append(flags, runFlags()...)
	flags = append(flags, memoryFlag(),
		truth(running, "plan", "score and write nothing: print which column is which feature, what comes out, and what is missing or bad in the first 100,000 rows (or --limit N)"),
		truth(running, "json", "with --plan: print JSON"),
		one(running, "max-duration", "give up (75) after `TIME`, such as 30m or 90s; no output then"),
		truth(running, "wait", "wait while another run writes the same output, instead of giving up (75)"),
		truth(running, "force", "with -o DIR/: make all outputs, those that are done already too"),
		truth(telling, "summary", "print one line of JSON on stdout at the end, also of a run that fails; with -o FILE"),
		file(telling, "metrics", "write figures of the run to `FILE` for Prometheus (textfile), also when it fails"),
		file(telling, "report", "write a report of the run to `FILE` (JSON), also when it fails"),
		truth(telling, "show-values", "let the report tell smallest and largest values: they are somebody's cells"))
	return append(flags, tellFlags()...)
}
