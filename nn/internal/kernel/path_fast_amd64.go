//go:build amd64 && !noasm

package kernel

import "math"

// The assembly of one instruction set for Path.
type pathRoutines struct {
	count   func(units, panels, back int, z0, z1 *float32, counts *int32)
	meet    func(units, panels, back int, z0, z1, jump *float32, keys *int32, latest, rest float32, unit int32)
	next    func(units, panels int, keys, last, then *int32, t, due, dt *float32, latest float32, unit int32)
	least   func(units, panels int, z, slope, off, reach, dt *float32)
	step    func(units, panels int, z, slope, dt, a *float32, alpha float32)
	bend    func(n int, slope, off, y *float32, alpha float32)
	fold    func(units, panels int, d, off, reach, dt *float32, alpha float32)
	foldSum func(units, panels int, d, off, reach, dt, sum *float32, alpha float32)
	pass    func(n int, t, due, dt *float32, last, then, at *int32, unit, units int32)
	close   func(units, panels, back int, z0, z1, until, on, y *float32, alpha float32)
	secant  func(n int, z0, z1, a0, a1, dt, d *float32, p, q, r float32)
	mix     func(n int, z0, z1, y *float32, share float32)
	sum     func(n int, d, sum *float32)
	gain    func(inputs, panels, back int, x, x0, slope, y, total *float32)
	largest func(features, n, skip, back int, phi *float32, before, which *int32, last, value *float32)
	lanes   int // of a register
}

func pathFast(avx512 bool) Path[float32] {
	r := &pathRoutines{countAVX2, meetAVX2, nextAVX2, leastAVX2, stepAVX2, bendAVX2, foldAVX2, foldSumAVX2, passAVX2, closeAVX2, secantAVX2, mixAVX2, sumAVX2, gainAVX2, largestAVX2, 8}
	if avx512 {
		r = &pathRoutines{countAVX512, meetAVX512, nextAVX512, leastAVX512, stepAVX512, bendAVX512, foldAVX512, foldSumAVX512, passAVX512, closeAVX512, secantAVX512, mixAVX512, sumAVX512, gainAVX512, largestAVX512, 16}
	}
	return Path[float32]{Count: r.callCount, Meet: r.callMeet, Next: r.callNext, Least: r.callLeast, Step: r.callStep, Bend: r.callBend, Fold: r.callFold,
		Pass: r.callPass, Turn: callTurn, Follow: callFollow, Close: r.callClose, Secant: r.callSecant, Mix: r.callMix, Sum: r.callSum, Take: callTake, Put: callPut, Gain: r.callGain, Largest: r.callLargest}
}

func (r *pathRoutines) callCount(z0, z1 []float32, counts []int32, units, panels int) {
	_, _, _ = z0[:units*Lanes], z1[:panels*units*Lanes], counts[:panels*Lanes]
	r.count(units, panels, units*rowBytes, &z0[0], &z1[0], &counts[0])
}

// bounds checks that there is room for panels panels.
func (c *Corners[T]) bounds(panels int) {
	n := panels * Lanes
	_, _, _ = c.Keys[:n*c.Units], c.Jump[:n*(c.Units+1)], c.Sums[:n*(c.Units+1)]
	_, _, _, _, _ = c.Last[:n], c.Then[:n], c.At[:n], c.T[:n], c.Due[:n]
}

func (r *pathRoutines) callMeet(c *Corners[float32], z0, z1 []float32, panels int, alpha float32) {
	c.bounds(panels)
	_, _ = z0[:c.Units*Lanes], z1[:panels*c.Units*Lanes]
	r.meet(c.Units, panels, c.Units*rowBytes, &z0[0], &z1[0], &c.Jump[0], &c.Keys[0], c.latest(), 1-alpha, c.unit())
}

func (r *pathRoutines) callNext(c *Corners[float32], dt []float32, panels int) {
	c.bounds(panels)
	_ = dt[:panels*Lanes]
	r.next(c.Units, panels, &c.Keys[0], &c.Last[0], &c.Then[0], &c.T[0], &c.Due[0], &dt[0], c.latest(), c.unit())
}

func (r *pathRoutines) callLeast(z, slope, off, reach, dt []float32, units, panels int) {
	n := panels * units * Lanes
	_, _, _, _, _ = z[:n], slope[:n], off[:n], reach[:n], dt[:panels*Lanes]
	r.least(units, panels, &z[0], &slope[0], &off[0], &reach[0], &dt[0])
}

func (r *pathRoutines) callStep(z, slope, dt, a []float32, units, panels int, alpha float32) {
	n := panels * units * Lanes
	_, _, _, _ = z[:n], slope[:n], a[:n], dt[:panels*Lanes]
	r.step(units, panels, &z[0], &slope[0], &dt[0], &a[0], alpha)
}

func (r *pathRoutines) callBend(slope, off, y []float32, units, panels int, alpha float32) {
	n := panels * units * Lanes
	_, _, _ = slope[:n], off[:n], y[:n]
	r.bend(n, &slope[0], &off[0], &y[0], alpha)
}

func (r *pathRoutines) callFold(d, off, reach, dt, sum []float32, units, panels int, alpha float32) {
	n := panels * units * Lanes
	_, _, _, _ = d[:n], off[:n], reach[:n], dt[:panels*Lanes]
	if sum == nil {
		r.fold(units, panels, &d[0], &off[0], &reach[0], &dt[0], alpha)
		return
	}
	_ = sum[:n]
	r.foldSum(units, panels, &d[0], &off[0], &reach[0], &dt[0], &sum[0], alpha)
}

func (r *pathRoutines) callPass(c *Corners[float32], dt []float32, panels int) {
	c.bounds(panels)
	_ = dt[:panels*Lanes]
	r.pass(panels*Lanes, &c.T[0], &c.Due[0], &dt[0], &c.Last[0], &c.Then[0], &c.At[0], c.unit(), int32(c.Units))
}

// callTurn takes the units of At as Pass and Meet made them.
func callTurn(c *Corners[float32], slope, sum []float32, panels int) {
	c.bounds(panels)
	above, own := c.Above*Lanes, (c.Units+1)*Lanes
	_, _, _ = slope[:panels*above], sum[:panels*above], c.W[:(above/Lanes+3)/4*4*(c.Units+1)]
	for p := range panels {
		turn(c.Above, (c.Units+1)*cornerBytes, &c.At[p*Lanes], &c.W[0], &c.Jump[p*own], &slope[p*above], &sum[p*above], &c.Sums[p*own])
	}
}

func (r *pathRoutines) callClose(c *Corners[float32], z0, z1, on, y []float32, panels int, alpha float32) {
	c.bounds(panels)
	n := panels * c.Units * Lanes
	_, _, _, _ = z0[:c.Units*Lanes], z1[:n], on[:n], y[:n]
	r.close(c.Units, panels, c.Units*rowBytes, &z0[0], &z1[0], &c.Sums[0], &on[0], &y[0], alpha)
}

func (r *pathRoutines) callSecant(c Curve[float32], z0, z1, a0, a1, dt, d []float32) {
	n := len(d)
	_, _, _, _, _ = z0[:n], z1[:n], a0[:n], a1[:n], dt[:n]
	r.secant(n, &z0[0], &z1[0], &a0[0], &a1[0], &dt[0], &d[0], c.P, c.Q, c.R)
}

func (r *pathRoutines) callMix(z0, z1 []float32, share float32, y []float32) {
	n := len(z0)
	_, _ = z1[:n], y[:n]
	r.mix(n, &z0[0], &z1[0], &y[0], share)
}

func (r *pathRoutines) callSum(d, sum []float32) {
	_ = sum[:len(d)]
	r.sum(len(d), &d[0], &sum[0])
}

// callTake takes places that lie within far, with all their units.
func callTake(far []float32, at []int32, near []float32, units, panels int) {
	_, _, _ = near[:panels*units*Lanes], at[:panels*Lanes], far[:units*Lanes]
	take(units, panels, &at[0], &far[0], &near[0])
}

func callPut(far []float32, at []int32, near []float32, units, panels int) {
	_, _, _ = near[:panels*units*Lanes], at[:panels*Lanes], far[:units*Lanes]
	put(units, panels, &at[0], &far[0], &near[0])
}

func (r *pathRoutines) callGain(x, x0, slope, y, total []float32, inputs, panels int) {
	n := panels * inputs * Lanes
	_, _, _, _, _ = x[:n], x0[:inputs*Lanes], slope[:n], y[:n], total[:panels*Lanes]
	r.gain(inputs, panels, inputs*rowBytes, &x[0], &x0[0], &slope[0], &y[0], &total[0])
}

func (r *pathRoutines) callLargest(phi []float32, features, panels int, before, which []int32, last, value []float32, k int) {
	_, _ = phi[:panels*features*Lanes], which[:panels*Lanes]
	_ = value[:((panels-1)*k+1)*Lanes]
	skip, back := (features-1)*rowBytes, (k-1)*rowBytes
	if before != nil {
		_, _ = before[:panels*Lanes], last[:((panels-1)*k+1)*Lanes]
		r.largest(features, panels*Lanes/r.lanes, skip, back, &phi[0], &before[0], &which[0], &last[0], &value[0])
		return
	}
	var none [Lanes]int32
	var most [Lanes]float32
	for j := range most {
		none[j], most[j] = -1, float32(math.Inf(1))
	}
	for p := range panels {
		r.largest(features, Lanes/r.lanes, skip, back, &phi[p*features*Lanes], &none[0], &which[p*Lanes], &most[0], &value[p*k*Lanes])
	}
}
