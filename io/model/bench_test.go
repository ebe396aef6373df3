package model

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"testing"

	"yhat/nn"
)

// BenchmarkDecode reads 784-512-256-10 with inline weights of 17 digits (as
// float64 prints) and of 9 (as float32 does).
func BenchmarkDecode(b *testing.B) {
	for _, digits := range []string{"float64", "float32"} {
		b.Run(digits, func(b *testing.B) {
			var text bytes.Buffer
			if err := Encode(&text, wide(digits == "float32")); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				if _, err := decodeNative(text.Bytes(), &beside{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func wide(short bool) *nn.Model {
	r := rand.New(rand.NewPCG(1, 2))
	m := &nn.Model{Features: []nn.Feature{{Name: "pixel", Scale: 1, Categories: make([]string, 784)}}}
	for i := range m.Features[0].Categories {
		m.Features[0].Categories[i] = index(i)
	}
	width := 784
	for _, out := range []int{512, 256, 10} {
		l := nn.Layer{Activation: nn.ReLU.Default(), In: width, Out: out, W: make([]float64, out*width), B: make([]float64, out)}
		for i := range l.W {
			if l.W[i] = r.NormFloat64() / 20; short {
				l.W[i] = shortest(float32(l.W[i]))
			}
		}
		m.Layers, width = append(m.Layers, l), out
	}
	return m
}

// shortest is the float64 whose digits are the shortest of the float32.
func shortest(x float32) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(float64(x), 'g', -1, 32), 64)
	return y
}
