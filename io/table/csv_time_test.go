package table

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestTimes(t *testing.T) {
	at := func(text string) int64 {
		v, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	for text, want := range map[string]string{
		"2024-02-29":                       "2024-02-29T00:00:00Z",
		"0001-01-01":                       "0001-01-01T00:00:00Z",
		"1969-12-31T23:59":                 "1969-12-31T23:59:00Z",
		"2024-02-29 07:08:09":              "2024-02-29T07:08:09Z",
		"2024-02-29T07:08:59.5":            "2024-02-29T07:08:59.5Z",
		"2024-02-29T07:08:09.123456Z":      "2024-02-29T07:08:09.123456Z",
		"2024-02-29T07:08:09.123456000z":   "2024-02-29T07:08:09.123456Z",
		"2024-02-29T07:08:09+05:30":        "2024-02-29T07:08:09+05:30",
		"2024-02-29T07:08:09.25-0530":      "2024-02-29T07:08:09.25-05:30",
		"2024-02-29T07:08-05":              "2024-02-29T07:08:00-05:00",
		"2024-02-29T07:08:09.000000-23:59": "2024-02-29T07:08:09-23:59",
	} {
		if got, ok := parseTimestamp([]byte(text)); !ok || got != at(want) {
			t.Errorf("%s is %d, %v; want %d", text, got, ok, at(want))
		}
	}
	for _, text := range []string{
		"", "2024-02-2", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "2024/02-29", "2024-02/29", "x024-02-29", "2024-0x-29", "2024-02-2x",
		"2024-02-29x07:08", "2024-02-29T", "2024-02-29T07", "2024-02-29T07:8", "2024-02-29T07-08", "2024-02-29T24:00", "2024-02-29T07:60", "2024-02-29Tx7:08", "2024-02-29T07:0x",
		"2024-02-29T07:08:60", "2024-02-29T07:08:x9", "2024-02-29T07:08:09.", "2024-02-29T07:08:09.1234567", "2024-02-29T07:08:09.x",
		"2024-02-29T07:08:09 ", "2024-02-29T07:08:09+", "2024-02-29T07:08:09+5", "2024-02-29T07:08:09+05:3", "2024-02-29T07:08:09+05:60", "2024-02-29T07:08:09+24:00",
		"2024-02-29T07:08:09+x5:30", "2024-02-29T07:08:09+05:x0", "2024-02-29T07:08:09+05-30", "2024-02-29T07:08:09+05:300", "2024-02-29T07:08:09ZZ", "2024-02-29Z",
	} {
		if got, ok := parseTimestamp([]byte(text)); ok {
			t.Errorf("%q is %d", text, got)
		}
	}
}

// Any time of the years that have four digits is read as it was written.
func TestTimesAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "microseconds")
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "zone"))
		v := time.UnixMicro(micros).In(zone)
		if v.Year() < 0 || v.Year() > 9999 {
			t.Skip()
		}
		text := v.Format("2006-01-02T15:04:05.000000Z07:00")
		if got, ok := parseTimestamp([]byte(text)); !ok || got != micros {
			t.Errorf("%s is %d, %v; want %d", text, got, ok, micros)
		}
		days, ok := parseDate([]byte(v.Format(time.DateOnly)))
		if day := time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, time.UTC); !ok || days*86400 != day.Unix() {
			t.Errorf("%s is day %d, %v", text, days, ok)
		}
	})
}
