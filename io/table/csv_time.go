package table

import "time"

func parseBool(text []byte) (v, ok bool) {
	switch string(text) {
	case "true", "True", "TRUE", "1":
		return true, true
	case "false", "False", "FALSE", "0":
		return false, true
	}
	return false, false
}

// parseDate reads YYYY-MM-DD as days since 1970-01-01.
func parseDate(text []byte) (days int64, ok bool) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	y, ok1 := digits(text[:4])
	m, ok2 := digits(text[5:7])
	d, ok3 := digits(text[8:])
	if !ok1 || !ok2 || !ok3 {
		return 0, false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return 0, false // such as 30 February
	}
	return t.Unix() / 86400, true
}

// parseTimestamp reads an ISO 8601 date, or date and time with or without
// seconds, fraction and offset, as microseconds since 1970-01-01 UTC. A time
// without an offset is taken to be UTC.
func parseTimestamp(text []byte) (micros int64, ok bool) {
	if len(text) < 10 {
		return 0, false
	}
	days, ok := parseDate(text[:10])
	if !ok || len(text) == 10 {
		return days * 86400e6, ok
	}
	if text[10] != 'T' && text[10] != ' ' {
		return 0, false
	}
	clock, rest, ok := parseClock(text[11:])
	if !ok {
		return 0, false
	}
	offset, ok := parseOffset(rest)
	return days*86400e6 + clock - offset, ok
}

// parseClock reads HH:MM[:SS[.fraction]] as microseconds of the day.
func parseClock(text []byte) (micros int64, rest []byte, ok bool) {
	h, m, ok := hourMinute(text)
	if !ok || h > 23 {
		return 0, nil, false
	}
	micros, rest = int64(h*3600+m*60)*1e6, text[5:]
	if len(rest) < 3 || rest[0] != ':' {
		return micros, rest, true
	}
	s, ok := digits(rest[1:3])
	if !ok || s > 59 {
		return 0, nil, false
	}
	micros, rest = micros+int64(s)*1e6, rest[3:]
	if len(rest) == 0 || rest[0] != '.' {
		return micros, rest, true
	}
	n, unit := 1, int64(100000)
	for ; n < len(rest) && rest[n]-'0' <= 9; n++ {
		d := int64(rest[n] - '0')
		if unit == 0 && d != 0 {
			return 0, nil, false // finer than a microsecond
		}
		micros += d * unit
		unit /= 10
	}
	return micros, rest[n:], n > 1
}

// parseOffset reads nothing, Z, ±HH:MM, ±HHMM or ±HH as microseconds.
func parseOffset(text []byte) (micros int64, ok bool) {
	if len(text) == 0 || string(text) == "Z" || string(text) == "z" {
		return 0, true
	}
	sign := int64(1)
	switch text[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	var hhmm [5]byte
	copy(hhmm[:], "00:00")
	switch t := text[1:]; len(t) {
	case 2:
		copy(hhmm[:], t)
	case 4:
		copy(hhmm[:2], t[:2])
		copy(hhmm[3:], t[2:])
	case 5:
		copy(hhmm[:], t)
	default:
		return 0, false
	}
	h, m, ok := hourMinute(hhmm[:])
	return sign * int64(h*3600+m*60) * 1e6, ok && h < 24
}

func hourMinute(text []byte) (h, m int, ok bool) {
	if len(text) < 5 || text[2] != ':' {
		return 0, 0, false
	}
	h, ok1 := digits(text[:2])
	m, ok2 := digits(text[3:5])
	return h, m, ok1 && ok2 && m < 60
}

// digits reads text that is digits and nothing else.
func digits(text []byte) (n int, ok bool) {
	for _, b := range text {
		if b-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(b-'0')
	}
	return n, len(text) > 0
}
