package code

import (
	"errors"
	"fmt"

	"roost/vault/node/private"
)

// Network is what a storage needs to become a member of a private network. Its key is a secret.
type Network struct {
	Key     private.Key
	Members []string // where to find some of them, /ip4/192.168.1.20/tcp/5444/p2p/12D3KooW…
}

// wireNetwork is a Network in a code.
type wireNetwork struct {
	Key     []byte   `cbor:"1,keyasint"`
	Members []string `cbor:"2,keyasint,omitempty"`
}

func (n Network) check() error {
	if n.Key.IsZero() {
		return errors.New("the key of the private network is missing")
	}
	return private.CheckMembers(n.Members)
}

func (n Network) wire() *wireNetwork { return &wireNetwork{Key: n.Key[:], Members: n.Members} }

func (w wireNetwork) network() (*Network, error) {
	if len(w.Key) != len(private.Key{}) {
		return nil, fmt.Errorf("%w: its key makes no sense", ErrNotCode)
	}
	n := &Network{Key: private.Key(w.Key), Members: w.Members}
	if err := n.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCode, err)
	}
	return n, nil
}

// Encode writes a family network code as one line.
func (n Network) Encode() (string, error) {
	if err := n.check(); err != nil {
		return "", fmt.Errorf("write a family network code: %w", err)
	}
	body, err := encMode.Marshal(n.wire())
	if err != nil {
		return "", fmt.Errorf("write a family network code: %w", err)
	}
	return write(kindNetwork, body)
}

// ParseNetwork reads the private network from a family network code, from the connection code of one of its members, or from
// a key file of IPFS, which names no member. The passphrase is for a locked code.
// Errors: every Err of this package, and private.ErrNotKey.
func ParseNetwork(text, passphrase string) (Network, error) {
	if private.IsKey(text) {
		key, err := private.ParseKey(text)
		return Network{Key: key}, err
	}
	kind, body, err := read(text)
	if err != nil {
		return Network{}, err
	}
	if kind == kindNetwork {
		var w wireNetwork
		if err := decMode.Unmarshal(body, &w); err != nil {
			return Network{}, fmt.Errorf("%w: its content makes no sense", ErrNotCode)
		}
		n, err := w.network()
		if err != nil {
			return Network{}, err
		}
		return *n, nil
	}
	c, err := Parse(text, passphrase)
	if err != nil {
		return Network{}, err
	}
	if c.Network == nil {
		return Network{}, ErrNoNetwork
	}
	return *c.Network, nil
}
