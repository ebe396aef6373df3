package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"yhat/nn/internal/kernel/gen/vector"
)

// turn lets each lane take its own row of weights: four units of eight rows at
// a time, turned so that the lanes stand side by side. AVX-512 does the same, so
// that both give the same bits.
func turn(g *gen) {
	TEXT("turn", NOSPLIT, "func(above, column int, at *int32, w, jump, slope, sum, sums *float32)")
	Doc("turn adds to the slopes of a panel each lane's jump times its row of w, and sets sums to the product of that row and sum.",
		"at is where the lane's row lies, in bytes, and an eighth of where its jump and sum; four columns of w take column bytes.")
	Pragma("noescape")
	for group := range 4 {
		turnGroup(g, group)
	}
	VZEROUPPER()
	RET()
}

// take and put move numbers between lanes: those of one side lie together, those
// of the other anywhere.
func take(name, doc string, move func(far Mem, near Mem)) {
	TEXT(name, NOSPLIT, "func(units, panels int, at *int32, far, near *float32)")
	Doc(name + doc + " at is where each lane lies in far, in bytes.")
	Pragma("noescape")
	p := pointers("panels", "at", "near")
	panels, places, near := p[0], p[1], p[2]
	part := GP64()
	Label("panel")
	MOVQ(U32(4), part)
	Label("part")
	var from []GPVirtual
	base := pointers("far")[0]
	for i := range 8 {
		r := GP64()
		MOVLQSX(at(places, 4*i), r)
		ADDQ(base, r)
		from = append(from, r)
	}
	unit := pointers("units")[0]
	Label("unit")
	for i := range 8 {
		move(at(from[i], 0), at(near, 4*i))
		ADDQ(U32(panelBytes), from[i])
	}
	ADDQ(U32(panelBytes), near)
	DECQ(unit)
	JNZ(LabelRef("unit"))
	ADDQ(U32(32), places)
	back := pointers("units")[0]
	SHLQ(U8(7), back)
	SUBQ(back, near)
	ADDQ(U32(32), near)
	DECQ(part)
	JNZ(LabelRef("part"))
	// The next panel: all units on, less the lanes of this one's.
	next := pointers("units")[0]
	DECQ(next)
	SHLQ(U8(7), next)
	ADDQ(next, near)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	RET()
}

// turnGroup is turn for eight lanes.
func turnGroup(g *gen, group int) {
	label := func(s string) string { return fmt.Sprint(s, group) }
	lane := group * 32
	rows := rowsOf(at(pointers("at")[0], lane))
	jump := jumpsOf(rows, at(pointers("jump")[0], lane))
	p := pointers("above", "slope", "sum", "w")
	left, slope, sum, column := p[0], p[1], p[2], p[3]
	worth := YMM()
	VXORPS(worth, worth, worth)
	unit := func(w vector.V, disp int) {
		VMOVUPS(g.FMA(w, jump, at(slope, lane+disp)), at(slope, lane+disp))
		VFMADD231PS(at(sum, lane+disp), w, worth)
	}
	onward := func(units int) {
		ADDQ(U32(units*panelBytes), slope)
		ADDQ(U32(units*panelBytes), sum)
	}
	SUBQ(Imm(4), left)
	JL(LabelRef(label("rest")))
	Label(label("four"))
	for i, w := range fourUnits(rows, column) {
		unit(w, i*panelBytes)
	}
	onward(4)
	ADDQ(pointers("column")[0], column)
	SUBQ(Imm(4), left)
	JGE(LabelRef(label("four")))
	Label(label("rest"))
	ADDQ(Imm(4), left)
	JZ(LabelRef(label("done")))
	Label(label("one"))
	unit(oneUnit(func(i int) Mem { return Mem{Base: column, Index: rows[i], Scale: 1} }), 0)
	onward(1)
	ADDQ(Imm(4), column)
	DECQ(left)
	JNZ(LabelRef(label("one")))
	Label(label("done"))
	note(worth, rows, at(pointers("sums")[0], lane))
}

// rowsOf are where the rows of eight lanes lie.
func rowsOf(from Mem) (rows []GPVirtual) {
	for i := range 8 {
		row := GP64()
		MOVLQSX(from.Offset(4*i), row)
		rows = append(rows, row)
	}
	return rows
}

// ofUnit is where a lane's number of the unit lies that has this row.
func ofUnit(first Mem, lane int, row GPVirtual) Mem {
	return Mem{Base: first.Base, Index: row, Scale: 8, Disp: first.Disp + 4*lane}
}

// jumpsOf are the jumps of the units that have these rows.
func jumpsOf(rows []GPVirtual, first Mem) vector.V {
	return oneUnit(func(i int) Mem { return ofUnit(first, i, rows[i]) })
}

// note stores what the sums are worth to each lane's unit.
func note(worth vector.V, rows []GPVirtual, first Mem) {
	x := worth.AsX()
	for i, row := range rows {
		if i == 4 {
			x = XMM()
			VEXTRACTF128(U8(1), worth, x)
		}
		VEXTRACTPS(U8(i%4), x, ofUnit(first, i, row))
	}
}

// quarter puts four numbers from memory beside the four that there may be.
func quarter(low vector.V, of func(i int) Mem) vector.V {
	x := XMM()
	VMOVSS(of(0), x)
	for i := 1; i < 4; i++ {
		VINSERTPS(U8(i<<4), of(i), x, x)
	}
	if low == nil {
		return x
	}
	y := YMM()
	VXORPS(y, y, y)
	VINSERTF128(U8(0), low, y, y)
	VINSERTF128(U8(1), x, y, y)
	return y
}

// oneUnit puts eight numbers side by side.
func oneUnit(of func(i int) Mem) vector.V {
	return quarter(quarter(nil, of), func(i int) Mem { return of(i + 4) })
}

// fourUnits are four columns of eight rows.
func fourUnits(rows []GPVirtual, column GPVirtual) []vector.V {
	var r []vector.V
	for i := range 4 {
		y := YMM()
		VBROADCASTF128(Mem{Base: column, Index: rows[i], Scale: 1}, y)
		VINSERTF128(U8(1), Mem{Base: column, Index: rows[i+4], Scale: 1}, y, y)
		r = append(r, y)
	}
	t0, t1, t2, t3 := YMM(), YMM(), YMM(), YMM()
	VUNPCKLPS(r[1], r[0], t0)
	VUNPCKHPS(r[1], r[0], t1)
	VUNPCKLPS(r[3], r[2], t2)
	VUNPCKHPS(r[3], r[2], t3)
	VSHUFPS(U8(0x44), t2, t0, r[0])
	VSHUFPS(U8(0xee), t2, t0, r[1])
	VSHUFPS(U8(0x44), t3, t1, r[2])
	VSHUFPS(U8(0xee), t3, t1, r[3])
	return r
}
