package servers

// HoldMost sets how many servers' words are held ready; for tests alone.
func (w *Words) HoldMost(n int) { w.most = n }
