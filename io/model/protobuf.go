package model

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message: its number, and its value as bytes
// or as an integer.
type field struct {
	num   protowire.Number
	typ   protowire.Type
	bytes []byte
	n     uint64
}

var errDamaged = errors.New("damaged protobuf data")

// fields calls f for each field of a message. Groups and other things that
// ONNX does not use are skipped. Wire format:
// https://protobuf.dev/programming-guides/encoding/
func fields(message []byte, f func(field) error) error {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errDamaged
		}
		message = message[n:]
		v := field{num: num, typ: typ}
		switch typ {
		case protowire.VarintType:
			v.n, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			v.n = uint64(bits)
		case protowire.Fixed64Type:
			v.n, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(num, typ, message)
		}
		if n < 0 {
			return errDamaged
		}
		message = message[n:]
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// varints appends a repeated integer, packed or not.
func varints[T int64 | uint64 | int32](list []T, v field) ([]T, error) {
	if v.typ == protowire.VarintType {
		return append(list, T(v.n)), nil
	}
	if v.typ != protowire.BytesType {
		return nil, errDamaged
	}
	for b := v.bytes; len(b) > 0; {
		x, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return nil, errDamaged
		}
		list = append(list, T(x))
		b = b[n:]
	}
	return list, nil
}

// floats appends a repeated float, packed or not.
func floats(list []float32, v field) ([]float32, error) {
	if v.typ == protowire.Fixed32Type {
		return append(list, math.Float32frombits(uint32(v.n))), nil
	}
	if v.typ != protowire.BytesType || len(v.bytes)%4 != 0 {
		return nil, errDamaged
	}
	for b := v.bytes; len(b) > 0; b = b[4:] {
		x, _ := protowire.ConsumeFixed32(b)
		list = append(list, math.Float32frombits(x))
	}
	return list, nil
}

// doubles appends a repeated double, packed or not.
func doubles(list []float64, v field) ([]float64, error) {
	if v.typ == protowire.Fixed64Type {
		return append(list, math.Float64frombits(v.n)), nil
	}
	if v.typ != protowire.BytesType || len(v.bytes)%8 != 0 {
		return nil, errDamaged
	}
	for b := v.bytes; len(b) > 0; b = b[8:] {
		x, _ := protowire.ConsumeFixed64(b)
		list = append(list, math.Float64frombits(x))
	}
	return list, nil
}

// within says where in a message a fault lies.
func within(place string, i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s[%d]: %w", place, i, err)
}
