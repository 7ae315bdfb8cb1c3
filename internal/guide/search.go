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
	wholeBoost = 0.7  // of all words of how people ask, alone and in pairs
	saidShare  = 0.5  // of the best paragraph's score, added to the questions'
	manyAsked  = 12   // how many ways of asking are added up for a topic
	alsoShare  = 0.85 // what each further one counts, of the one before
	commonPart = 0.7  // what a word counts that every topic uses
	mendedPart = 0.8  // what a mended word counts
)

// How a question is taken for ours: by a sum over its words, with the weights
// that part the questions in testdata best (logistic regression, rounded).
const (
	sureMark      = 2.6
	subjectMark   = 2.0
	contextMark   = 0.9
	knownMark     = 0.1
	unknownMark   = -1.5
	elsewhereMark = -1.8
	matchWeight   = 1.4
	otherWeight   = -1.4
	ourMark       = 1.9
)

// search finds the topics that answer a question, best first; none where the
// question is not about our subject.
func (ix *index) search(question string) []Hit {
	ws := ix.words(question)
	scores, match, other, err := ix.score(question, ws)
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
	if !ix.ours(ws, match, other) {
		return nil
	}
	best := hits[0].Score
	for i := range hits {
		hits[i].Score = math.Round(hits[i].Score/best*1000) / 1000
	}
	return hits[:min(len(hits), 3)]
}

// ours says whether a question is about our subject. Its words are weighed:
// those that mark the subject count for it, words that nobody used before
// count against it, and so does it when no known way of asking fits, or a way of
// asking for something else does.
func (ix *index) ours(ws []word, match, other float64) bool {
	sum := matchWeight*match + otherWeight*other
	for _, w := range ws {
		mark, marked := ix.marks[w.stem]
		switch {
		case marked:
			sum += mark
		case w.known:
			sum += knownMark
		default:
			sum += unknownMark
		}
	}
	return sum >= ourMark
}

// score asks the index and adds up what it finds, by topic. match is the score
// of the one way of asking that fits best, and other that of the best way of
// asking for something else.
func (ix *index) score(question string, ws []word) (scores map[string]float64, match, other float64, err error) {
	q := bleve.NewDisjunctionQuery()
	for w := range set(pairs(ix.whole(question))) {
		q.AddQuery(term(w, fieldWhole, wholeBoost))
	}
	for _, w := range ws {
		boost := 1.0
		if w.mended {
			boost = mendedPart
		}
		boost *= ix.weight(w.stem)
		q.AddQuery(term(w.stem, fieldAsked, boost*askedBoost), term(w.stem, fieldSaid, boost))
	}
	res, err := ix.docs.Search(bleve.NewSearchRequestOptions(q, ix.count, 0, false))
	if err != nil {
		return nil, 0, 0, err
	}
	asked, said := map[string][]float64{}, map[string]float64{}
	for _, h := range res.Hits {
		part := strings.Split(h.ID, "/") // as fill made it
		field, topic := part[0], part[1]
		if topic == otherTalkSet {
			other = math.Max(other, h.Score)
			continue
		}
		if field == fieldAsked {
			asked[topic] = append(asked[topic], h.Score)
			match = math.Max(match, h.Score)
		} else {
			said[topic] = math.Max(said[topic], h.Score)
		}
	}
	scores = map[string]float64{}
	for topic, s := range said {
		scores[topic] = saidShare * s
	}
	for topic, list := range asked {
		part := 1.0
		for _, s := range list[:min(manyAsked, len(list))] {
			scores[topic] += part * s
			part *= alsoShare
		}
	}
	return scores, match, other, nil
}

// weight is how much a word tells the topics apart: one that few of them use
// tells more.
func (ix *index) weight(stem string) float64 {
	used := len(ix.usedBy[stem])
	if used == 0 {
		return 1
	}
	return commonPart + math.Log(float64(ix.topics)/float64(used))
}

func term(stem, field string, boost float64) query.Query {
	t := bleve.NewTermQuery(stem)
	t.SetField(field)
	t.SetBoost(boost)
	return t
}
