package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/waymark-bot/waymark/internal/detect"
	"github.com/waymark-bot/waymark/internal/ledger"
	"github.com/waymark-bot/waymark/internal/store"
)

// metrics are what the operator sees. No label names a person or a server.
type metrics struct {
	registry *prometheus.Registry
	messages prometheus.Counter
	signals  *prometheus.CounterVec
	latency  prometheus.Histogram
	failures prometheus.Counter
	answers  *prometheus.HistogramVec
}

func newMetrics(db *store.DB, log *slog.Logger) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		messages: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waymark_messages_total", Help: "Messages read."}),
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waymark_signals_total", Help: "New warning signs, by category and by the severity of their message."},
			[]string{"category", "severity"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waymark_alert_seconds", Help: "From a case's opening to its card in front of staff.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800}}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waymark_delivery_failures_total", Help: "Tries at a ledger row that failed; each is tried again."}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "waymark_answer_seconds", Help: "From a command, button or form to its answer.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3}}, []string{"kind"}),
	}
	m.registry.MustRegister(m.messages, m.signals, m.latency, m.failures, m.answers,
		&queue{db: db, log: log}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) message() { m.messages.Inc() }

func (m *metrics) signal(c detect.Category, s detect.Severity) {
	m.signals.WithLabelValues(string(c), s.String()).Inc()
}

func (m *metrics) delivered(after time.Duration) { m.latency.Observe(after.Seconds()) }

func (m *metrics) attempt(t ledger.Attempt) {
	if t.Err != nil {
		m.failures.Inc()
	}
}

// queue counts what waits in the ledger whenever the figures are asked for.
type queue struct {
	db  *store.DB
	log *slog.Logger
}

var (
	queueDepth = prometheus.NewDesc("waymark_queue_depth", "Ledger rows that are due and not done.", nil, nil)
	queueAge   = prometheus.NewDesc("waymark_queue_age_seconds", "Age of the oldest row that is due.", nil, nil)
	databaseUp = prometheus.NewDesc("waymark_database_up", "1 when the database answers.", nil, nil)
)

func (q *queue) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueDepth
	ch <- queueAge
	ch <- databaseUp
}

func (q *queue) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var kinds []store.Waiting
	err := q.db.Read(ctx, func(tx *store.Tx) (err error) {
		kinds, err = tx.Waiting(ctx, "", "")
		return err
	})
	if err != nil {
		q.log.Warn("the queue cannot be counted", "err", err)
		ch <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 0)
		return
	}
	var age, depth float64
	for _, w := range kinds {
		depth += float64(w.Count)
		age = max(age, time.Since(w.Since).Seconds())
	}
	ch <- prometheus.MustNewConstMetric(databaseUp, prometheus.GaugeValue, 1)
	ch <- prometheus.MustNewConstMetric(queueDepth, prometheus.GaugeValue, depth)
	ch <- prometheus.MustNewConstMetric(queueAge, prometheus.GaugeValue, age)
}
