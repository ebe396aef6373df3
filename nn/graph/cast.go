package graph

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// onnxTypes are the element types by their numbers in TensorProto.DataType.
var onnxTypes = map[int]Type{1: Float32, 2: Uint8, 3: Int8, 4: Uint16, 5: Int16, 6: Int32, 7: Int64, 8: String, 9: Bool,
	10: Float16, 11: Float64, 12: Uint32, 13: Uint64, 16: BFloat16}

// onnxType is the type of a number in a Cast; Unknown for the others.
func onnxType(code int) Type { return onnxTypes[code] }

// TypeOf is the element type with a number of ONNX's TensorProto.DataType;
// Unknown if it is none of ours.
func TypeOf(code int) Type { return onnxTypes[code] }

// compileCast changes the element type: the nearest value going to floats,
// towards zero going to integers, "not zero" going to bool.
func compileCast(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	to := onnxType(n.int("to", 0))
	if n.Op == "CastLike" {
		like, err := n.need(1)
		if err != nil {
			return err
		}
		to = like.typ
	}
	if to == Unknown {
		return fmt.Errorf("a cast to element type number %d", n.int("to", 0))
	}
	if to == x.typ {
		n.set(0, n.c.view(x, x.shape, x.rows, nil))
		return nil
	}
	out := like(x, to)
	n.set(0, out)
	return n.castTo(out, x)
}

func (n *node) castTo(out, x *value) error {
	switch {
	case x.typ == String && out.typ.Float() || x.typ == String && out.typ.Integer():
		return n.parse(out, x)
	case out.typ == String:
		return n.format(out, x)
	}
	return n.c.cast(out, x)
}

// cast emits out = x for all types but strings.
func (c *compiler) cast(out, x *value) error {
	switch x.typ.Storage() {
	case F32:
		return castFrom[float32](c, out, x)
	case F64:
		return castFrom[float64](c, out, x)
	case I64:
		return castFrom[int64](c, out, x)
	case U64:
		return castFrom[uint64](c, out, x)
	case Bools:
		return castBool(c, out, x)
	}
	return fmt.Errorf("a cast from %s to %s", x.typ, out.typ)
}

func castFrom[T number](c *compiler, out, x *value) error {
	switch out.typ.Storage() {
	case F32:
		emit1(c, "Cast", out, x, castNumber[float32, T])
	case F64:
		emit1(c, "Cast", out, x, castNumber[float64, T])
	case I64:
		emit1(c, "Cast", out, x, castInteger[T])
	case U64:
		emit1(c, "Cast", out, x, castUnsigned[T])
	case Bools:
		emit1(c, "Cast", out, x, func(d []bool, x []T) {
			for i, v := range x {
				d[i] = v != 0
			}
		})
	default:
		return fmt.Errorf("a cast from %s to %s", x.typ, out.typ)
	}
	return nil
}

func castNumber[U, T number](d []U, x []T) {
	for i, v := range x {
		d[i] = U(v)
	}
}

// castInteger cuts fractions off. What no int64 can hold becomes the least
// int64, on every machine.
func castInteger[T number](d []int64, x []T) {
	for i, v := range x {
		if f := float64(v); f >= -(1<<63) && f < 1<<63 {
			d[i] = int64(v)
		} else {
			d[i] = math.MinInt64
		}
	}
}

func castUnsigned[T number](d []uint64, x []T) {
	for i, v := range x {
		switch f := float64(v); {
		case f >= 0 && f < 1<<64:
			d[i] = uint64(v)
		case f > -(1 << 63):
			d[i] = uint64(int64(v))
		default:
			d[i] = 0
		}
	}
}

func castBool(c *compiler, out, x *value) error {
	switch out.typ.Storage() {
	case F32:
		emit1(c, "Cast", out, x, one[float32])
	case F64:
		emit1(c, "Cast", out, x, one[float64])
	case I64:
		emit1(c, "Cast", out, x, one[int64])
	case U64:
		emit1(c, "Cast", out, x, one[uint64])
	default:
		return fmt.Errorf("a cast from bool to %s", out.typ)
	}
	return nil
}

func one[T number](d []T, x []bool) {
	for i, v := range x {
		if d[i] = 0; v {
			d[i] = 1
		}
	}
}

// parse reads numbers from text; text that is none makes the row bad.
func (n *node) parse(out, x *value) error {
	faults := n.faultsOf(x, NotANumber)
	n.c.words = n.c.words || x.foreign
	in, count, buf := reader[int32](n.c, x, nil), out.len(), n.c.own(out)
	put := setters[out.typ.Storage()]
	n.c.emit("Cast", func(ws *Workspace, panels int) {
		from, to := in.base(ws), &ws.bufs[buf]
		for p := range panels {
			for e := range count {
				for j, code := range from[in.place(p, e):][:lanes] {
					v, err := strconv.ParseFloat(strings.TrimSpace(ws.String(code)), 64)
					if err != nil {
						ws.mark(faults[e], p, j)
					}
					put(to, (p*count+e)*lanes+j, v)
				}
			}
		}
	}, buf)
	n.c.round(out)
	return nil
}

// setters put a number into a buffer of a storage.
var setters = map[Storage]func(l *Lanes, at int, v float64){
	F32: func(l *Lanes, at int, v float64) { l.F32[at] = float32(v) },
	F64: func(l *Lanes, at int, v float64) { l.F64[at] = v },
	I64: func(l *Lanes, at int, v float64) { l.I64[at] = int64(v) },
	U64: func(l *Lanes, at int, v float64) { l.U64[at] = uint64(v) },
}

// floatText is what onnxruntime writes: C's %.8g, of either width.
func floatText(v float64, digits int) string {
	switch {
	case math.IsInf(v, 1):
		return "INF"
	case math.IsInf(v, -1):
		return "-INF"
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}

// format writes numbers as text.
func (n *node) format(out, x *value) error {
	var text func(l *Lanes, at int) string
	switch x.typ.Storage() {
	case F32:
		text = func(l *Lanes, at int) string { return floatText(float64(l.F32[at]), 8) }
	case F64:
		text = func(l *Lanes, at int) string { return floatText(l.F64[at], 8) }
	case I64:
		text = func(l *Lanes, at int) string { return strconv.FormatInt(l.I64[at], 10) }
	case U64:
		text = func(l *Lanes, at int) string { return strconv.FormatUint(l.U64[at], 10) }
	case Bools:
		text = func(l *Lanes, at int) string { return strconv.FormatBool(l.Bool[at]) }
	}
	if x.konst != nil {
		fold(out, func(dst []int32) {
			for i := range dst {
				dst[i] = n.c.code(text(x.konst, i))
			}
		})
		return nil
	}
	x = n.c.settled(x)
	count, from, buf := x.len(), x.buf, n.c.own(out)
	n.c.reads = append(n.c.reads, from)
	n.c.emit("Cast", func(ws *Workspace, panels int) {
		to := ws.bufs[buf].Str
		for i := range panels * count * lanes {
			to[i] = ws.codeOf(text(&ws.bufs[from], i))
		}
	}, buf)
	return nil
}
