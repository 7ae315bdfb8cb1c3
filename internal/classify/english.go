package classify

import (
	_ "embed"
	"sync"
)

//go:generate go run ./train -texts texts/en -out english.model
//go:embed english.model
var english []byte

// English is the model of English that is built in. It is read once.
var English = sync.OnceValues(func() (*Model, error) { return Read(english) })
