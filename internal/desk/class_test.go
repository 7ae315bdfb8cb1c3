package desk

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-bot/waymark/internal/chat"
	"github.com/waymark-bot/waymark/responses"
)

func aClass() class {
	return class{question: responses.Question{Answers: make([]responses.QuizAnswer, 3)}, since: time.Now()}
}

// Each person is counted once, however many press at the same moment, and what
// is kept names nobody.
func TestAClassCountsEachPersonOnce(t *testing.T) {
	k := &classes{open: map[string]*class{}}
	id := k.start(aClass())
	done := make(chan bool)
	for i := range 200 {
		go func() {
			_, first := k.count(id, chat.PersonID(fmt.Sprint("person", i%50)), i%3)
			done <- first
		}()
	}
	counted := 0
	for range 200 {
		if <-done {
			counted++
		}
	}
	c, _ := k.get(id)
	if counted != 50 || c.people() != 50 {
		t.Errorf("%d were told that they count, and %d are counted, of 50", counted, c.people())
	}
	for _, wrong := range []int{-1, 3} {
		if open, _ := k.count(id, "somebody", wrong); open {
			t.Errorf("the answer %d was taken", wrong)
		}
	}
	other := k.start(aClass())
	k.count(other, "person1", 0)
	for who := range k.open[other].counted {
		if k.open[id].counted[who] {
			t.Error("the same person has the same hash in two questions")
		}
	}
	k.end(id)
	if open, _ := k.count(id, "late", 0); open {
		t.Error("an answer was taken after the end")
	}
}

// A question that nobody ends is forgotten after a day, and the oldest where
// there are too many.
func TestAClassIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &classes{open: map[string]*class{}}
		id := k.start(aClass())
		time.Sleep(classKeep - time.Second)
		synctest.Wait()
		if _, ok := k.get(id); !ok {
			t.Error("it is gone before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if openNow(k) != 0 {
			t.Error("it is still kept after its time")
		}
		first := k.start(aClass())
		for range maxClasses {
			time.Sleep(time.Millisecond)
			k.start(aClass())
		}
		if _, ok := k.get(first); ok || openNow(k) != maxClasses {
			t.Errorf("%d are open, the oldest among them: %v", openNow(k), ok)
		}
		time.Sleep(2 * classKeep)
		synctest.Wait()
	})
}

func openNow(k *classes) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.open)
}
