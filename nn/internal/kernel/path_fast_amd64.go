//go:build amd64 && !noasm

package kernel

// The assembly of one instruction set for Path. The stretches of one call are a
// few panels.
type pathRoutines struct {
	crossings func(units, panels, back int, zs, ze, s, end, tau *float32)
	next      func(units, panels int, tau, t, end, out *float32)
	between   func(units, panels, back int, zs, ze, s, end, x, y *float32, alpha float32)
	slope     func(units, panels, back int, zs, ze, s, end, t, next, d *float32, alpha float32)
	slopeSum  func(units, panels, back int, zs, ze, s, end, t, next, d, sum *float32, alpha float32)
	advance   func(units, panels int, zs, ze, s, end, t *float32)
	secant    func(n int, z0, z1, a0, a1, t0, t1, d *float32, p, q, r float32)
}

func pathFast(avx512 bool) Path[float32] {
	r := &pathRoutines{crossingsAVX2, nextAVX2, betweenAVX2, slopeAVX2, slopeSumAVX2, advanceAVX2, secantAVX2}
	if avx512 {
		r = &pathRoutines{crossingsAVX512, nextAVX512, betweenAVX512, slopeAVX512, slopeSumAVX512, advanceAVX512, secantAVX512}
	}
	return Path[float32]{r.callCrossings, r.callNext, r.callBetween, r.callSlope, r.callAdvance, r.callSecant}
}

// bounds is how many panels there are room for, and the bytes that Z0 goes back
// after each.
func (z *Stretch[T]) bounds(panels int) (back int) {
	_, _, _ = z.Z1[:panels*z.Units*Lanes], z.Start[:panels*Lanes], z.End[:panels*Lanes]
	if z.Same {
		_ = z.Z0[:z.Units*Lanes]
		return z.Units * Lanes * 4
	}
	_ = z.Z0[:panels*z.Units*Lanes]
	return 0
}

func (r *pathRoutines) callCrossings(z *Stretch[float32], tau []float32, panels int) {
	back := z.bounds(panels)
	_ = tau[:panels*z.Units*Lanes]
	r.crossings(z.Units, panels, back, &z.Z0[0], &z.Z1[0], &z.Start[0], &z.End[0], &tau[0])
}

func (r *pathRoutines) callNext(units int, tau, t, end, out []float32, panels int) {
	n := panels * Lanes
	_, _, _, _ = tau[:n*units], t[:n], end[:n], out[:n]
	r.next(units, panels, &tau[0], &t[0], &end[0], &out[0])
}

func (r *pathRoutines) callBetween(z *Stretch[float32], t, y []float32, panels int, alpha float32) {
	back := z.bounds(panels)
	_, _ = t[:panels*Lanes], y[:panels*z.Units*Lanes]
	r.between(z.Units, panels, back, &z.Z0[0], &z.Z1[0], &z.Start[0], &z.End[0], &t[0], &y[0], alpha)
}

func (r *pathRoutines) callSlope(z *Stretch[float32], t, next, d, sum []float32, panels int, alpha float32) {
	back := z.bounds(panels)
	_, _, _ = t[:panels*Lanes], next[:panels*Lanes], d[:panels*z.Units*Lanes]
	if sum == nil {
		r.slope(z.Units, panels, back, &z.Z0[0], &z.Z1[0], &z.Start[0], &z.End[0], &t[0], &next[0], &d[0], alpha)
		return
	}
	_ = sum[:panels*z.Units*Lanes]
	r.slopeSum(z.Units, panels, back, &z.Z0[0], &z.Z1[0], &z.Start[0], &z.End[0], &t[0], &next[0], &d[0], &sum[0], alpha)
}

func (r *pathRoutines) callAdvance(z *Stretch[float32], t []float32, panels int) {
	z.bounds(panels)
	_ = t[:panels*Lanes]
	r.advance(z.Units, panels, &z.Z0[0], &z.Z1[0], &z.Start[0], &z.End[0], &t[0])
}

func (r *pathRoutines) callSecant(c Curve[float32], z0, z1, a0, a1, t0, t1, d []float32) {
	n := len(d)
	_, _, _, _, _, _ = z0[:n], z1[:n], a0[:n], a1[:n], t0[:n], t1[:n]
	r.secant(n, &z0[0], &z1[0], &a0[0], &a1[0], &t0[0], &t1[0], &d[0], c.P, c.Q, c.R)
}
