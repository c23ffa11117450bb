package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// What callers can tell apart. Each is wrapped with the operation in words, and with the node's own where it gave any.
var (
	// ErrUnreachable: nobody answers, or the connection broke before the answer was complete.
	ErrUnreachable = errors.New("storage cannot be reached")
	// ErrTimeout: the storage answers too slowly or not at all; the node gave up or we did. It may still finish.
	ErrTimeout = errors.New("storage took too long")
	// ErrUnauthorized: the token is wrong or missing, or does not allow this call.
	ErrUnauthorized = errors.New("storage does not accept this key")
	// ErrNoSpace: the storage's disk is full.
	ErrNoSpace = errors.New("storage is full")
	// ErrNotFound: the node says that it does not have this block.
	ErrNotFound = errors.New("not on the storage")
	// ErrExists: the path is taken.
	ErrExists = errors.New("already exists on the storage")
	// ErrPinned: there is a recursive pin already.
	ErrPinned = errors.New("already pinned")
	// ErrNotPinned: there is no recursive pin to work from.
	ErrNotPinned = errors.New("not pinned")
	// ErrWrongBytes: bytes that do not hash to the CID they stand for.
	ErrWrongBytes = errors.New("bytes do not match their name")
	// ErrProtocol: what answers is not a Kubo RPC, speaks another scheme, or makes no sense.
	ErrProtocol = errors.New("not an answer of a Kubo node")
	// ErrInsecure: plain http beyond this computer, without permission.
	ErrInsecure = errors.New("connection would not be encrypted")
	// ErrCertificate: the TLS certificate is not the pinned one, or not a trusted one where none is pinned.
	ErrCertificate = errors.New("storage shows a certificate that is not trusted")
	// ErrRepoNewer: a newer Kubo wrote the repository on this computer.
	ErrRepoNewer = errors.New("a newer program wrote this storage")
	// ErrNoDirectory: the node takes no part in a directory of records, or knows nobody else who does.
	ErrNoDirectory = errors.New("storage knows nobody who keeps records")
	// ErrNoBinary: there is no Kubo program to run on this computer.
	ErrNoBinary = errors.New("the Kubo program (ipfs) is missing")
)

// Why we ended a call; causes of its context.
var (
	errDeadline = fmt.Errorf("%w: deadline passed", ErrTimeout)
	errStalled  = fmt.Errorf("%w: no progress", ErrTimeout)
)

// wireError is a failure of the connection, before or inside an answer.
type wireError struct{ error }

func (e *wireError) Unwrap() error { return e.error }

// answerError is an answer that says no: an HTTP status, or the trailer of a stream that failed half way.
type answerError struct {
	status  int    // 0 for a trailer
	message string // the node's text, from outside
	kubo    bool   // message is Kubo's own, not a proxy's or a stranger's
}

func (e *answerError) Error() string {
	if e.status == 0 || e.kubo {
		return quote(e.message)
	}
	return fmt.Sprintf("HTTP status %d: %s", e.status, quote(e.message))
}

// explain turns whatever ended a call into an error that callers can act on. ctx is the caller's, inner the call's own.
func explain(ctx, inner context.Context, err error) error {
	if cause := context.Cause(inner); cause == errStalled || cause == errDeadline {
		return cause
	}
	switch ctxErr := ctx.Err(); {
	case errors.Is(ctxErr, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, ctxErr)
	case ctxErr != nil:
		return ctxErr
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text has the whole URL with every argument
	}
	if a, ok := errors.AsType[*answerError](err); ok {
		return a.explain()
	}
	if w, ok := errors.AsType[*wireError](err); ok {
		return explainWire(w.error)
	}
	return err
}

func (e *answerError) explain() error {
	sentinel := ErrProtocol
	switch {
	case e.status == http.StatusUnauthorized, e.status == http.StatusForbidden:
		sentinel = ErrUnauthorized // Kubo says the same for a wrong token and a path that the token does not allow
	case e.kubo:
		if sentinel = meaning(e.message); sentinel == nil {
			return e
		}
	case e.status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: a proxy before the storage limits uploads: %w", ErrProtocol, e)
	case e.status == http.StatusInsufficientStorage:
		sentinel = ErrNoSpace
	case e.status == http.StatusTooManyRequests, e.status == http.StatusBadGateway,
		e.status == http.StatusServiceUnavailable, e.status == http.StatusGatewayTimeout:
		sentinel = ErrUnreachable // a proxy answers, the node behind it does not
	case strings.Contains(e.message, "HTTP request to an HTTPS server"):
		return fmt.Errorf("%w: this address wants https", ErrProtocol)
	}
	return fmt.Errorf("%w: %w", sentinel, e)
}

// meaning is the sentinel for a text that Kubo 0.43 answers with, nil when it has none.
func meaning(text string) error {
	for _, m := range meanings {
		if strings.Contains(text, m.text) {
			return m.err
		}
	}
	return nil
}

var meanings = []struct {
	text string
	err  error
}{
	{"no space left on device", ErrNoSpace},
	{"not enough space on the disk", ErrNoSpace}, // Windows
	{"disk quota exceeded", ErrNoSpace},
	{"context deadline exceeded", ErrTimeout},    // our timeout=
	{"context canceled", ErrUnreachable},         // the daemon is shutting down
	{"datastore closed", ErrUnreachable},         // likewise
	{"repo not open", ErrUnreachable},            // likewise
	{"block was not found locally", ErrNotFound}, // offline=true
	{"ipld: could not find", ErrNotFound},
	{"file does not exist", ErrNotFound},                 // a path
	{"routing: not found", ErrNotFound},                  // a record
	{"failed to find any peer in table", ErrNoDirectory}, // nobody to give a record to
	{"routing service is not a DHT", ErrNoDirectory},
	{"directory already has entry by that name", ErrExists},
	{"file already exists", ErrExists},
	{"'from' cid was not recursively pinned", ErrNotPinned},
	{"'to' cid was already recursively pinned", ErrPinned},
	{"not pinned or pinned indirectly", ErrNotPinned},
	{"is not pinned", ErrNotPinned},
	{"mismatch in content integrity", ErrWrongBytes}, // go-car, on import
	{"block in storage has different hash", ErrWrongBytes},
}

func explainWire(err error) error {
	_, badRecord := errors.AsType[tls.RecordHeaderError](err)
	_, badChain := errors.AsType[*tls.CertificateVerificationError](err)
	_, badHost := errors.AsType[x509.HostnameError](err)
	switch {
	case errors.Is(err, ErrProtocol), errors.Is(err, ErrCertificate), errors.Is(err, ErrInsecure), errors.Is(err, ErrWrongBytes):
		return err
	case badChain, badHost:
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	case badRecord, errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "malformed HTTP"):
		return fmt.Errorf("%w: %s", ErrProtocol, quote(err.Error()))
	default:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
}

// locked says whether a daemon's log tells that another daemon runs in the same repository.
func locked(log string) bool {
	return strings.Contains(log, "someone else has the lock") || strings.Contains(log, "already locked")
}

// nonsense is ErrProtocol with what was odd.
func nonsense(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrProtocol, fmt.Sprintf(format, args...))
}

// quote makes a text from outside fit for a message: one line, not long, nothing that a terminal obeys.
func quote(s string) string {
	const most = 300 // bytes
	if s = strings.TrimSpace(s); len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}

// newerRepo says whether a daemon's log tells that the repository is of a later form than it knows.
func newerRepo(log string) bool { return strings.Contains(log, "is lower than your repos") }

// tooFewMembers says whether a cluster refused a pin because fewer of its members answer than shall hold it.
func tooFewMembers(err error) bool {
	a, ok := errors.AsType[*answerError](err)
	return ok && strings.Contains(a.message, "not enough peers to allocate")
}
