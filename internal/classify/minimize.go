package classify

import "math"

// remembered is how many steps the optimizer looks back on.
const remembered = 8

// minimize finds the weights at which a smooth convex function is least, by
// L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5). The
// function fills in its slope.
func minimize(n int, f func(w, slope []float64) float64) []float64 {
	w, slope := make([]float64, n), make([]float64, n)
	next, nextSlope := make([]float64, n), make([]float64, n)
	loss := f(w, slope)
	first := math.Sqrt(dot(slope, slope))
	var moves, turns [][]float64 // the latest last
	for range steps {
		if math.Sqrt(dot(slope, slope)) <= enough*first {
			break
		}
		way := descent(slope, moves, turns)
		down := dot(way, slope)
		size := 1.0
		if len(moves) == 0 {
			size = 1 / first
		}
		var nextLoss float64
		for range 40 {
			for i := range w {
				next[i] = w[i] + size*way[i]
			}
			if nextLoss = f(next, nextSlope); nextLoss <= loss+1e-4*size*down {
				break
			}
			size /= 2
		}
		move, turn := make([]float64, n), make([]float64, n)
		for i := range w {
			move[i], turn[i] = next[i]-w[i], nextSlope[i]-slope[i]
		}
		if dot(move, turn) > 1e-12 {
			moves, turns = append(moves, move), append(turns, turn)
			if len(moves) > remembered {
				moves, turns = moves[1:], turns[1:]
			}
		}
		w, next, slope, nextSlope, loss = next, w, nextSlope, slope, nextLoss
	}
	return w
}

// descent is the way to go from a slope, by what the latest moves did to it.
func descent(slope []float64, moves, turns [][]float64) []float64 {
	way := make([]float64, len(slope))
	for i, g := range slope {
		way[i] = -g
	}
	if len(moves) == 0 {
		return way
	}
	share := make([]float64, len(moves))
	for k := len(moves) - 1; k >= 0; k-- {
		share[k] = dot(moves[k], way) / dot(moves[k], turns[k])
		add(way, -share[k], turns[k])
	}
	last := len(moves) - 1
	scale := dot(moves[last], turns[last]) / dot(turns[last], turns[last])
	for i := range way {
		way[i] *= scale
	}
	for k := range moves {
		back := dot(turns[k], way) / dot(moves[k], turns[k])
		add(way, share[k]-back, moves[k])
	}
	return way
}

func dot(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

func add(to []float64, times float64, what []float64) {
	for i, x := range what {
		to[i] += times * x
	}
}
