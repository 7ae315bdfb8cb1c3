package classify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// header begins each model's file and names its format.
const header = "waymark-reader-6\n"

// WriteTo writes the model as a file.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	b.WriteString(header)
	u32 := func(x int) { b.Write(binary.LittleEndian.AppendUint32(nil, uint32(x))) }
	u32(len(m.labels))
	for _, l := range m.labels {
		u32(len(l))
		b.WriteString(l)
	}
	put(&b, uint32(m.start), uint32(m.strange))
	for _, x := range m.sides {
		b.Write(binary.LittleEndian.AppendUint16(nil, uint16(x)))
	}
	u32(len(m.spellings))
	for _, s := range m.spellings {
		w := m.vocab.find(Hash(s))
		b.WriteByte(byte(len(s)))
		b.WriteString(s)
		put(&b, uint32(w.id)<<16|uint32(w.group), uint32(w.kind)<<16|uint32(uint16(w.alone)))
	}
	for h := range m.heads() {
		put(&b, math.Float32bits(m.bias[h]), math.Float32bits(m.scale[h]))
	}
	u32(len(m.hashes))
	put(&b, m.hashes...)
	for _, x := range m.rows {
		b.WriteByte(byte(x))
	}
	scale := m.net.scale()
	put(&b, uint32(len(m.net.words)/netSize), math.Float32bits(scale))
	for _, x := range m.net.words {
		b.WriteByte(byte(int8(math.Round(float64(x / scale)))))
	}
	for _, x := range m.net.dense() {
		put(&b, math.Float32bits(x))
	}
	return b.WriteTo(w)
}

func put(b *bytes.Buffer, xs ...uint32) {
	for _, x := range xs {
		b.Write(binary.LittleEndian.AppendUint32(nil, x))
	}
}

// Read makes a model of a file's bytes.
func Read(data []byte) (*Model, error) {
	rest, ok := bytes.CutPrefix(data, []byte(header))
	if !ok {
		return nil, errors.New("read the model: it is no model of this version: train it again")
	}
	d := decoder{rest: rest}
	m := &Model{}
	for range d.count(4) {
		m.labels = append(m.labels, string(d.bytes(d.count(1))))
	}
	m.start, m.strange = int32(d.u32()), int32(d.u32())
	for b := d.bytes(2 * glanceSlots); len(b) > 0; b = b[2:] {
		m.sides = append(m.sides, int16(binary.LittleEndian.Uint16(b)))
	}
	words := d.count(1 + 8)
	m.vocab = newVocabulary(words)
	for range words {
		s := string(d.bytes(int(d.bytes(1)[0])))
		w, k := d.u32(), d.u32()
		m.spellings = append(m.spellings, s)
		m.vocab.add(Hash(s), Word{id: uint16(w >> 16), group: uint16(w), kind: uint16(k >> 16), alone: int16(k)})
	}
	for range m.heads() {
		m.bias = append(m.bias, math.Float32frombits(d.u32()))
		m.scale = append(m.scale, math.Float32frombits(d.u32()))
	}
	m.hashes = make([]uint32, d.count(4+m.heads()))
	for i := range m.hashes {
		m.hashes[i] = d.u32()
	}
	m.rows = make([]int8, len(m.hashes)*m.heads())
	for i, b := range d.bytes(len(m.rows)) {
		m.rows[i] = int8(b)
	}
	rows := d.count(netSize)
	if rows < m.vocab.numbers()+3 {
		d.short = true
		rows = m.vocab.numbers() + 3
	}
	m.net = newNet(rows, m.heads())
	scale := math.Float32frombits(d.u32())
	for i, b := range d.bytes(len(m.net.words)) {
		m.net.words[i] = float32(int8(b)) * scale
	}
	for i := range m.net.dense() {
		m.net.dense()[i] = math.Float32frombits(d.u32())
	}
	if d.short || len(d.rest) > 0 {
		return nil, errors.New("read the model: the file is damaged: train it again")
	}
	m.fillTable()
	m.mends = newMends(m)
	return m, nil
}

type decoder struct {
	rest  []byte
	short bool
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.rest) {
		d.short, d.rest = true, nil
		return make([]byte, n)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.bytes(4)) }

// count reads how many things of a size follow; 0 where there is no room for
// so many.
func (d *decoder) count(size int) int {
	n := int(d.u32())
	if n < 0 || n > len(d.rest)/size {
		d.short = true
		return 0
	}
	return n
}
