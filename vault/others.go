package vault

import (
	"context"
	"fmt"
	"slices"

	"roost/vault/node"
)

// OthersMoved tells whether the pointers of other devices are not those of the last Refresh any more, by their names alone: one
// small question to the storage. Without a Refresh before it is true.
func (v *Vault) OthersMoved(ctx context.Context) (bool, error) {
	st := v.Known()
	if st == nil {
		return true, nil
	}
	now, err := v.node.List(ctx, v.keys().PointerDir())
	if err != nil {
		return false, fmt.Errorf("look for backups on the storage: %w", err)
	}
	return !slices.Equal(st.foreign(v, st.listed), st.foreign(v, now)), nil
}

// foreign are the pointers that are not known to be this device's own: its earlier ones go when a newer one is confirmed.
func (s *State) foreign(v *Vault, entries []node.Entry) (out []node.Entry) {
	own := map[string]bool{}
	for _, h := range s.all {
		if h.Device == v.Device() && h.name != "" {
			own[h.name] = true
		}
	}
	for _, e := range entries {
		if !own[e.Name] {
			out = append(out, e)
		}
	}
	return out
}

// NewsTopic is the topic of [node.News] on which devices tell each other that they published a state.
func (v *Vault) NewsTopic() string { return v.keys().NewsTopic() }
