package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"roost/syncer"
)

// What two processes of Roost say to each other over the control socket, both of the same person on the same computer.
// A call is POST /v1/METHOD with the header Roost-Protocol. Its body begins with one request and then stays open: that
// it ends means that the caller wants the call to stop. The answer is a series of frames: any number that tell how far
// it is, or one value of a stream each, and then exactly one that is the last. An answer without a last frame broke off
// and is an error, never an empty answer.
//
// Request and frames are CBOR: names of files are any bytes, which JSON cannot carry.

// protocol is the version of all that; it grows when an older Roost would misunderstand. Fields that are new do not
// count: the other side ignores them.
const (
	protocol       = "1"
	protocolHeader = "Roost-Protocol"
)

// request is what a call begins with.
type request struct {
	Args   cbor.RawMessage // of the method's own type
	Report bool            // the caller wants to know how far it is
}

// frame is one piece of an answer.
type frame struct {
	Progress *syncer.Progress
	Item     cbor.RawMessage // a value of a stream
	Last     bool
	Result   cbor.RawMessage // of the last frame; also what is known beside an error
	Error    *wireError      // of the last frame
}

// wireError is an error that crossed over: the problem that it is, as the engine's side describes it, and its details.
type wireError struct {
	Problem syncer.Problem
	Detail  string
}

const (
	maxRequest = 4 << 20 // bytes; thousands of paths
	maxFrame   = 1 << 30 // bytes; a list of millions of files
)

var (
	wireEncoding = must(cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode())
	wireDecoding = must(cbor.DecOptions{
		UTF8:             cbor.UTF8DecodeInvalid, // a path may be any bytes
		MaxArrayElements: 1<<31 - 1,              // the size of the whole is what is limited
		MaxNestedLevels:  32,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// errWire: what came over the socket is not what Roost writes.
var errWire = errors.New("the answer makes no sense")

func encodeWire(v any) (cbor.RawMessage, error) {
	b, err := wireEncoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write a message: %w", err)
	}
	return b, nil
}

// decodeWire reads a message of one value; an empty one leaves v as it is.
func decodeWire(b cbor.RawMessage, v any) error {
	if len(b) == 0 {
		return nil
	}
	if err := wireDecoding.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errWire, err)
	}
	return nil
}

// wireReader reads messages of at most limit bytes each.
type wireReader struct {
	limit int64
	in    io.LimitedReader
	dec   *cbor.Decoder
}

func newWireReader(r io.Reader, limit int64) *wireReader {
	w := &wireReader{limit: limit, in: io.LimitedReader{R: r}}
	w.dec = wireDecoding.NewDecoder(&w.in)
	return w
}

// next reads one message. Errors: io.EOF between two, io.ErrUnexpectedEOF within one or beyond the limit, errWire.
func (w *wireReader) next(v any) error {
	w.in.N = w.limit
	err := w.dec.Decode(v)
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	case isWireError(err):
		return fmt.Errorf("%w: %w", errWire, err)
	}
	return err
}

// isWireError tells what the bytes are to blame for from what the connection is.
func isWireError(err error) bool {
	var syntax *cbor.SyntaxError
	var semantic *cbor.SemanticError
	var kind *cbor.UnmarshalTypeError
	var nested *cbor.MaxNestedLevelError
	var array *cbor.MaxArrayElementsError
	var pairs *cbor.MaxMapPairsError
	return errors.As(err, &syntax) || errors.As(err, &semantic) || errors.As(err, &kind) || errors.As(err, &nested) ||
		errors.As(err, &array) || errors.As(err, &pairs)
}

// newWireError describes an error for the other side; nil for none.
func newWireError(ctx context.Context, err error) *wireError {
	if err == nil {
		return nil
	}
	return &wireError{Problem: describe(ctx, err), Detail: err.Error()}
}

// err is how the call ended, as this side has it. One that was told to stop ends so, whatever it broke on its way out.
func (f *frame) err(ctx context.Context) error {
	switch {
	case f.Error == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &problemError{problem: f.Error.Problem, cause: errors.New(f.Error.Detail)}
}
