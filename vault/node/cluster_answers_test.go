package node

import (
	"bytes"
	"testing"

	"github.com/ipfs/go-cid"
)

// FuzzClusterAnswers: whatever a cluster's API answers is read or refused, and never more than what was asked about.
func FuzzClusterAnswers(f *testing.F) {
	root := cid.MustParse("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
	for _, seed := range []string{
		`{"cid":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","name":"x","allocations":["a","b"],"replication_factor_max":2,"pin_update":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}`,
		`{"cid":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","peer_map":{"a":{"peername":"one","status":"pinned","error":""}}}`,
		`{"cid":"bafy","pin_update":7}`, `{"id":"12D3","peername":"one","version":"1.1.6","ipfs":{"id":"12D3","error":""}}`, `[]`, ``, `{}{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p clusterPin
		if err := readClusterPin(root, &p)(bytes.NewReader(data)); err == nil && (!p.root.Equals(root) || p.copies < 0) {
			t.Errorf("%q is %+v", data, p)
		}
		if all, err := readCopies(bytes.NewReader(data), root); err == nil {
			for _, x := range all {
				if x.State == "" {
					t.Errorf("%q: a member without a state", data)
				}
			}
		}
		if all, err := readMembers(bytes.NewReader(data)); err == nil {
			for _, m := range all {
				if m.ID == "" {
					t.Errorf("%q: a member without an id", data)
				}
			}
		}
		if _, own := clusterWords(string(data)); own && len(data) < len(`{"message":"x"}`) {
			t.Errorf("%q has words", data)
		}
	})
}
