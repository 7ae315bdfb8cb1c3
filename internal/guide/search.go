package guide

import (
	"math"
	"sort"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// How an answer is chosen. Found by trying them on questions that are kept
// apart from the topics (testdata/questions.yaml).
const (
	askedBoost = 3.0  // how people ask counts more than what a topic says
	saidShare  = 0.35 // of the best paragraph's score, added to the best question's
	alsoShare  = 0.15 // of the further questions' scores
	enough     = 0.55 // least share of the question that a topic has to speak of
	strong     = 0.34 // the same where two words or more mark our subject
	mendedPart = 0.8  // what a mended word counts
)

// search finds the topics that answer a question, best first; none where the
// question is not about our subject.
func (ix *index) search(question string) []Hit {
	ws := ix.words(question)
	if len(ws) == 0 {
		return nil
	}
	scores, err := ix.score(ws)
	if err != nil || len(scores) == 0 {
		return nil
	}
	var hits []Hit
	for topic, score := range scores {
		hits = append(hits, Hit{ID: topic, Score: score})
	}
	sort.Slice(hits, func(i, j int) bool {
		if hits[i].Score != hits[j].Score {
			return hits[i].Score > hits[j].Score
		}
		return hits[i].ID < hits[j].ID
	})
	best := hits[0]
	covered, subjects := ix.covers(ws, best.ID)
	if subjects == 0 || covered < strong || subjects < 2 && covered < enough {
		return nil
	}
	for i := range hits {
		hits[i].Score = math.Round(covered*hits[i].Score/best.Score*1000) / 1000
	}
	return hits[:min(len(hits), 3)]
}

// covers says which share of a question a topic speaks of, and how many of
// its words mark our subject.
func (ix *index) covers(ws []word, topic string) (share float64, subjects int) {
	var all, got float64
	for _, w := range ws {
		part := 1.0
		if w.mended {
			part = mendedPart
		}
		all++
		if w.known {
			got += part
		}
		if ix.subject[w.stem] {
			subjects++
		}
	}
	return got / all, subjects
}

// score asks the index and adds up what it finds, by topic.
func (ix *index) score(ws []word) (map[string]float64, error) {
	q := bleve.NewDisjunctionQuery()
	for _, w := range ws {
		boost := 1.0
		if w.mended {
			boost = mendedPart
		}
		q.AddQuery(term(w.stem, fieldAsked, boost*askedBoost), term(w.stem, fieldSaid, boost))
	}
	res, err := ix.docs.Search(bleve.NewSearchRequestOptions(q, ix.count, 0, false))
	if err != nil {
		return nil, err
	}
	asked, said := map[string][]float64{}, map[string]float64{}
	for _, h := range res.Hits {
		part := strings.Split(h.ID, "/") // as fill made it
		field, topic := part[0], part[1]
		if field == fieldAsked {
			asked[topic] = append(asked[topic], h.Score)
		} else {
			said[topic] = math.Max(said[topic], h.Score)
		}
	}
	scores := map[string]float64{}
	for topic, s := range said {
		scores[topic] = saidShare * s
	}
	for topic, list := range asked {
		part := 1.0
		for _, s := range list[:min(3, len(list))] {
			scores[topic] += part * s
			part *= alsoShare
		}
	}
	return scores, nil
}

func term(stem, field string, boost float64) query.Query {
	t := bleve.NewTermQuery(stem)
	t.SetField(field)
	t.SetBoost(boost)
	return t
}
