package node

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// MaxRecordSize is the longest record that a directory keeps, in bytes.
const MaxRecordSize = 10 << 10

// Directory is what a node may be beside a [Node]: a way to signed records that other nodes keep, in IPFS's routing system.
// Whose record it is and what it says is for the caller to check, of every one.
type Directory interface {
	// PutRecord has the node pass a record on under its IPNS name ("k51…"). Success says that the node took it and knows
	// others who keep records, and no more: what is not well signed, or older than what others keep, is ignored without a word.
	// So it is read back. ErrNoDirectory: the node knows nobody to give it to.
	PutRecord(ctx context.Context, name string, record []byte) error
	// GetRecord asks for the best record of a name: for IPNS the one with the highest sequence of those that have not ended.
	// ErrNotFound: nobody who was asked has one.
	GetRecord(ctx context.Context, name string) ([]byte, error)
}

var _ Directory = (*Kubo)(nil)

// PutRecord implements Directory.
func (k *Kubo) PutRecord(ctx context.Context, name string, record []byte) error {
	const op = "leave a record"
	if len(record) == 0 || len(record) > MaxRecordSize {
		return fmt.Errorf("%s: %d bytes: a record has at most %d", op, len(record), MaxRecordSize)
	}
	if err := k.keepers(ctx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	c := &call{
		op: op, command: "routing/put", args: []string{"/ipns/" + name}, limit: k.patience.route,
		body: bytes.NewReader(record), sends: int64(len(record)),
	}
	return k.do(ctx, c, func(r io.Reader) error {
		var answer struct{ ID string }
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if answer.ID == "" {
			return nonsense("it does not say that it took the record")
		}
		return nil
	})
}

// keepers is nil where the node knows others who keep records. Kubo keeps what it is given itself, says that all went well, and
// hands it out again, also when nobody else has it: then it is of no use to anybody.
func (k *Kubo) keepers(ctx context.Context) error {
	c := &call{op: "ask whom storage knows in its DHT", command: "stats/dht", limit: k.patience.quick}
	known := 0
	err := k.do(ctx, c, func(r io.Reader) (err error) {
		known, err = readTables(r)
		return err
	})
	if err == nil && known == 0 {
		return ErrNoDirectory
	}
	return err
}

// readTables counts the nodes in the routing tables that the answer lists, one after the other.
func readTables(r io.Reader) (known int, err error) {
	for dec := json.NewDecoder(r); ; {
		var table struct {
			Buckets []struct{ Peers []struct{ ID string } }
		}
		switch err := dec.Decode(&table); {
		case err == io.EOF:
			return known, nil
		case err != nil:
			return 0, unreadable(err)
		}
		for _, b := range table.Buckets {
			known += len(b.Peers)
		}
	}
}

// GetRecord implements Directory.
func (k *Kubo) GetRecord(ctx context.Context, name string) ([]byte, error) {
	var record []byte
	c := &call{op: "look for a record", command: "routing/get", args: []string{"/ipns/" + name}, limit: k.patience.route}
	err := k.do(ctx, c, func(r io.Reader) (err error) {
		record, err = readRecord(r)
		return err
	})
	return record, err
}

// readRecord reads the answer that has a record: {"Extra": base64, "Type": 5, …}.
func readRecord(r io.Reader) ([]byte, error) {
	const value = 5 // routing.Value
	var answer struct {
		Extra string
		Type  int
	}
	if err := decodeOne(r, &answer); err != nil {
		return nil, err
	}
	record, err := base64.StdEncoding.DecodeString(answer.Extra)
	if err != nil || answer.Type != value || len(record) == 0 || len(record) > MaxRecordSize {
		return nil, nonsense("no record")
	}
	return record, nil
}
