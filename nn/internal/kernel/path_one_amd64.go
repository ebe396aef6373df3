//go:build amd64 && !noasm

package kernel

// follows are the routines that follow groups of lanes, by the σ of the unit above.
var follows = [...]func(units, fours, column, pieces int, slots *int64, w, one *float32, latest float32, unit, none int32) (arrived, left int){
	Identity: followIdentityAVX2, Sigmoid: followSigmoidAVX2, Tanh: followTanhAVX2,
}

// callFollow takes groups to their ends, some of them at a time: whenever one has
// arrived, the next one takes its slot.
func callFollow(c *Corners[float32], o *One[float32], slope, worth []float32, panels, pieces int) {
	c.bounds(panels)
	n, fours := o.Units*Lanes, o.fours()
	_, _, _, _ = slope[:panels*n], worth[:panels*n], o.Z0[:n], c.W[:4*fours*(c.Units+1)]
	_, _ = o.wide[:4*fours*2*groupLanes], o.state[:4*fours*stateNumbers*Lanes]
	groups, next, busy := panels*laneSlots, laneSlots, laneSlots
	var at, left [laneSlots]int
	for s := range at {
		at[s], left[s] = s, pieces
		board(c, o, slope, s, s)
	}
	once := max(1, callNumbers/(Lanes*(c.Units+stateNumbers*o.Units)))
	for busy > 0 {
		most := once
		for s, n := range left {
			if o.slots[s].busy != 0 {
				most = min(most, n)
			}
		}
		arrived, rest := follows[o.Func](c.Units, fours, (c.Units+1)*cornerBytes, most, &o.slots[0].busy, &c.W[0], &o.wide[0], c.latest(), c.unit(), int32(c.Units))
		for s := range o.slots {
			left[s] -= most - rest
			if o.slots[s].busy == 0 || arrived>>(laneSlots-s)&1 == 0 && left[s] > 0 {
				continue
			}
			landAVX2(o.Units, o.slots[s].state, &worth[groupAt(at[s], o.Units)])
			if next == groups {
				o.slots[s].busy = 0
				busy--
				continue
			}
			at[s], left[s] = next, pieces
			board(c, o, slope, s, next)
			next++
		}
	}
}

// groupAt is where the lanes of a group begin, in panels of so many units.
func groupAt(group, units int) int { return group/laneSlots*units*Lanes + group%laneSlots*groupLanes }

// board puts a group at its baseline, in a slot.
func board(c *Corners[float32], o *One[float32], slope []float32, s, group int) {
	size := 4 * o.fours() * stateNumbers * groupLanes
	state, jump := o.state[s*size:][:size], groupAt(group, c.Units+1)
	o.slots[s].busy, o.slots[s].keys, o.slots[s].jump = 1, &c.Keys[groupAt(group, c.Units)], &c.Jump[jump]
	o.slots[s].sums, o.slots[s].state = &c.Sums[jump], &state[0]
	curve, _ := CurveOf[float32](o.Func)
	boardAVX2(o.Units, &o.Z0[0], &slope[groupAt(group, o.Units)], &o.wide[0], &o.slots[s].busy, o.Z, o.A, (curve.R*o.A+curve.Q)*o.A+curve.P)
	clear(state[o.Units*stateNumbers*groupLanes:])
}
