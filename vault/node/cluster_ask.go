package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What can be wrong with a cluster beside what can be with a single storage. The first two come with the sentinel of a single
// one as well.
var (
	// ErrClusterKey: the cluster's API does not accept this computer's password.
	ErrClusterKey = errors.New("the cluster does not accept this password")
	// ErrClusterAway: the cluster's API does not answer, or cannot do what it is asked for now; the member's Kubo may well.
	ErrClusterAway = errors.New("the cluster does not answer")
	// ErrOtherMember: the API is that of another member than the one whose Kubo is used.
	ErrOtherMember = errors.New("the cluster's address leads to another storage than this one")
	// ErrStillNeeded: a member of the cluster has nothing newer yet.
	ErrStillNeeded = errors.New("a member of the cluster still needs it")
)

// errNotInCluster: the cluster does not know the pin.
var errNotInCluster = errors.New("the cluster does not have this pin")

// clusterPatience is for calls that ask every member, one of which may be away.
var clusterPatience = limit{2 * time.Minute, 2 * time.Minute}

// ask sends one request to the cluster's API.
func (c *Cluster) ask(ctx context.Context, method, op, path string, args url.Values, read func(io.Reader) error) error {
	x := exchange{most: listAnswer} // bytes, as for a list of every pin
	inner, end := begin(ctx, clusterPatience, &x)
	defer end()
	to := c.at.JoinPath(path)
	to.RawQuery = args.Encode()
	req, err := http.NewRequestWithContext(inner, method, to.String(), nil)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	resp, err := c.client.Do(req)
	if err == nil {
		err = read(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		return nil
	}
	a, ok := errors.AsType[*answerError](err)
	if ok && a.status == http.StatusNoContent { // a list of nothing
		return read(strings.NewReader(""))
	}
	own := false // the cluster's own words
	if ok {
		a.message, own = clusterWords(a.message)
	}
	switch {
	case own && a.status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", op, errNotInCluster)
	case own && a.status >= http.StatusInternalServerError: // it is there, and cannot do it now
		return fmt.Errorf("%s: %w: %w: %w", op, ErrClusterAway, ErrUnreachable, a)
	}
	err = explain(ctx, inner, err)
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, ErrUnauthorized):
		err = fmt.Errorf("%w: %w", ErrClusterKey, err)
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrTimeout):
		err = fmt.Errorf("%w: %w", ErrClusterAway, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// clusterWords is what the API says of an error, out of its JSON; false: it is no JSON of the API.
func clusterWords(text string) (string, bool) {
	var body struct{ Message string }
	if json.Unmarshal([]byte(text), &body) == nil && body.Message != "" {
		return body.Message, true
	}
	return text, false
}
