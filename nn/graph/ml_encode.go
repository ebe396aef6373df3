package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// dictionary finds the place of a key among a model's keys; -1 if it is none.
type dictionary struct {
	codes  []int32 // by string code
	whole  map[int64]int32
	floats map[float64]int32 // NaN's place is at nan
	nan    int32
}

// newDictionary is a dictionary of the keys of a known value; of equal keys
// the first counts.
func newDictionary(keys *value) (*dictionary, error) {
	d := &dictionary{nan: -1}
	switch keys.typ.Storage() {
	case Codes:
		for i, code := range keys.konst.Str {
			for int(code) >= len(d.codes) {
				d.codes = append(d.codes, -1)
			}
			if d.codes[code] < 0 {
				d.codes[code] = int32(i)
			}
		}
	case I64:
		d.whole = map[int64]int32{}
		for i, k := range keys.konst.I64 {
			if _, ok := d.whole[k]; !ok {
				d.whole[k] = int32(i)
			}
		}
	case F32, F64:
		list, _ := keys.floats()
		d.floats = map[float64]int32{}
		for i, k := range list {
			if _, ok := d.floats[k]; !ok {
				d.floats[k] = int32(i)
			}
			if math.IsNaN(k) && d.nan < 0 {
				d.nan = int32(i)
			}
		}
	default:
		return nil, fmt.Errorf("keys of %s", keys.typ)
	}
	return d, nil
}

func (d *dictionary) code(c int32) int32 {
	if int(c) < len(d.codes) {
		return d.codes[c]
	}
	return -1
}

func (d *dictionary) integer(k int64) int32 {
	if at, ok := d.whole[k]; ok {
		return at
	}
	return -1
}

func (d *dictionary) float(k float64) int32 {
	if k != k {
		return d.nan
	}
	if at, ok := d.floats[k]; ok {
		return at
	}
	return -1
}

// list makes a known vector of an operator's attribute, which comes in one of
// several types.
func (n *node) list(strings, ints, floats, tensor string) (*value, error) {
	switch {
	case n.has(strings):
		words := n.Attributes[strings].Strings
		codes := make([]int32, len(words))
		for i, s := range words {
			codes[i] = n.c.code(s)
		}
		return constant(String, []int{len(codes)}, -1, Lanes{Str: codes}), nil
	case n.has(ints):
		return integers(n.Attributes[ints].Ints...), nil
	case n.has(floats):
		list := n.Attributes[floats].Floats
		return constant(Float32, []int{len(list)}, -1, Lanes{F32: list}), nil
	case n.has(tensor) && n.Attributes[tensor].Tensor != nil:
		v, err := n.c.tensor(n.Attributes[tensor].Tensor)
		if err == nil {
			v = n.c.view(v, []int{v.len()}, -1, nil)
		}
		return v, err
	}
	return nil, fmt.Errorf("no %s, %s or %s", strings, ints, floats)
}

// compileLabelEncoder maps keys to values one by one. Version 1 maps strings to
// their places in a list, or back.
func compileLabelEncoder(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	keys, values, err := n.encoderTables(x)
	if err != nil {
		return err
	}
	if keys.len() != values.len() {
		return fmt.Errorf("%d keys and %d values", keys.len(), values.len())
	}
	otherwise, err := n.encoderDefault(values.typ)
	if err != nil {
		return err
	}
	return n.encode(x, keys, values, otherwise)
}

// encoderTables are the keys and values of a LabelEncoder.
func (n *node) encoderTables(x *value) (keys, values *value, err error) {
	if n.Version >= 2 && !n.has("classes_strings") {
		if keys, err = n.list("keys_strings", "keys_int64s", "keys_floats", "keys_tensor"); err != nil {
			return nil, nil, err
		}
		values, err = n.list("values_strings", "values_int64s", "values_floats", "values_tensor")
		return keys, values, err
	}
	words, err := n.list("classes_strings", "", "", "")
	if err != nil {
		return nil, nil, err
	}
	places := make([]int64, words.len())
	for i := range places {
		places[i] = int64(i)
	}
	if x.typ == String {
		return words, integers(places...), nil
	}
	return integers(places...), words, nil
}

// encoderDefault is what a key that is not known becomes.
func (n *node) encoderDefault(t Type) (*value, error) {
	if a, ok := n.Attributes["default_tensor"]; ok && a.Tensor != nil {
		v, err := n.c.tensor(a.Tensor)
		if err == nil && (v.len() != 1 || v.typ != t) {
			err = errors.New("a default that is not one value of the values' type")
		}
		return v, err
	}
	switch t.Storage() {
	case Codes:
		return constant(t, []int{1}, -1, Lanes{Str: []int32{n.c.code(n.string("default_string", "_Unused"))}}), nil
	case I64:
		return constant(t, []int{1}, -1, Lanes{I64: []int64{int64(n.int("default_int64", -1))}}), nil
	case F32:
		return constant(t, []int{1}, -1, Lanes{F32: []float32{float32(n.float("default_float", float32(math.Copysign(0, -1))))}}), nil
	case F64:
		return constant(t, []int{1}, -1, Lanes{F64: []float64{n.float("default_float", float32(math.Copysign(0, -1)))}}), nil
	}
	return nil, fmt.Errorf("values of %s", t)
}

// encode makes result 0 of x by a table, otherwise being the value of unknown
// keys.
func (n *node) encode(x, keys, values, otherwise *value) error {
	switch values.typ.Storage() {
	case F32:
		return encodeTo(n, x, keys, values, append(slices.Clone(values.konst.F32), otherwise.konst.F32[0]))
	case F64:
		return encodeTo(n, x, keys, values, append(slices.Clone(values.konst.F64), otherwise.konst.F64[0]))
	case I64:
		return encodeTo(n, x, keys, values, append(slices.Clone(values.konst.I64), otherwise.konst.I64[0]))
	case Codes:
		return encodeTo(n, x, keys, values, append(slices.Clone(values.konst.Str), otherwise.konst.Str[0]))
	}
	return fmt.Errorf("values of %s", values.typ)
}

// encodeTo looks each element up; the last of table is for unknown keys.
func encodeTo[V element](n *node, x, keys, values *value, table []V) error {
	d, err := newDictionary(keys)
	if err != nil {
		return err
	}
	if n.Version < 4 {
		d.nan = -1 // before, NaN was no key
	}
	out := like(x, values.typ)
	n.set(0, out)
	last := int32(len(table) - 1)
	get := func(at int32) V {
		if at < 0 {
			at = last
		}
		return table[at]
	}
	switch s := x.typ.Storage(); {
	case s == Codes && d.codes != nil || s == Codes && keys.len() == 0:
		emit1(n.c, n.Op, out, x, func(dst []V, x []int32) {
			for i, k := range x {
				dst[i] = get(d.code(k))
			}
		})
	case s == I64 && d.whole != nil:
		emit1(n.c, n.Op, out, x, func(dst []V, x []int64) {
			for i, k := range x {
				dst[i] = get(d.integer(k))
			}
		})
	case s == F32 && d.floats != nil:
		emit1(n.c, n.Op, out, x, func(dst []V, x []float32) {
			for i, k := range x {
				dst[i] = get(d.float(float64(k)))
			}
		})
	case s == F64 && d.floats != nil:
		emit1(n.c, n.Op, out, x, func(dst []V, x []float64) {
			for i, k := range x {
				dst[i] = get(d.float(k))
			}
		})
	default:
		return fmt.Errorf("keys of %s for an input of %s", keys.typ, x.typ)
	}
	return nil
}

// compileCategoryMapper maps strings to integers or back.
func compileCategoryMapper(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	words, err := n.list("cats_strings", "", "", "")
	if err != nil {
		return err
	}
	places := integers(n.Attributes["cats_int64s"].Ints...)
	if words.len() != places.len() {
		return fmt.Errorf("%d strings and %d integers", words.len(), places.len())
	}
	if x.typ == String {
		return n.encode(x, words, places, integers(int64(n.int("default_int64", -1))))
	}
	unknown := constant(String, []int{1}, -1, Lanes{Str: []int32{n.c.code(n.string("default_string", "_Unused"))}})
	return n.encode(x, places, words, unknown)
}

// compileOneHotEncoder gives each element a new last axis: a 1 at its
// category. An element that is none of them gives zeros, or with zeros=0 makes
// the row bad.
func compileOneHotEncoder(n *node) error {
	x, err := n.need(0)
	if err != nil {
		return err
	}
	cats, err := n.list("cats_strings", "cats_int64s", "", "")
	if n.has("cats_int64s") && len(n.Attributes["cats_int64s"].Ints) > 0 {
		cats = integers(n.Attributes["cats_int64s"].Ints...)
	}
	if err != nil {
		return err
	}
	if x.typ.Float() {
		whole := like(x, Int64)
		whole.cells = x.cells
		if err := n.c.cast(whole, x); err != nil {
			return err
		}
		x = whole
	}
	d, err := newDictionary(cats)
	if err != nil {
		return err
	}
	shape := append(slices.Clone(x.shape), cats.len())
	if err := n.c.bounded(shape); err != nil {
		return err
	}
	out := n.c.output(Float32, shape, x.rows)
	n.set(0, out)
	var faults []int
	if n.int("zeros", 1) == 0 {
		faults = n.faultsOf(x, UnknownCategory)
	}
	switch s := x.typ.Storage(); {
	case s == Codes && (d.codes != nil || cats.len() == 0):
		emitOneHotEncoder(n, out, x, cats.len(), faults, d.code)
	case s == I64 && d.whole != nil:
		emitOneHotEncoder(n, out, x, cats.len(), faults, d.integer)
	default:
		return fmt.Errorf("categories of %s for an input of %s", cats.typ, x.typ)
	}
	return nil
}

func emitOneHotEncoder[T element](n *node, out, x *value, cats int, faults []int, find func(T) int32) {
	in, places, buf := reader[T](n.c, x, nil), x.len(), out.buf
	n.c.emit(fmt.Sprintf("one-hot %d", cats), func(ws *Workspace, panels int) {
		to, from := ws.bufs[buf].F32[:panels*places*cats*lanes], in.base(ws)
		clear(to)
		for p := range panels {
			for e := range places {
				dst := to[(p*places+e)*cats*lanes:]
				for j, k := range from[in.place(p, e):][:lanes] {
					if at := find(k); at >= 0 {
						dst[int(at)*lanes+j] = 1
					} else if faults != nil {
						ws.mark(faults[e], p, j)
					}
				}
			}
		}
	}, buf)
}
