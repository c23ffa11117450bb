package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"roost/vault"
)

// Damage says what was found wrong with the stored data when the storage was last asked, each thing by its name. What it
// names is not used, and does not keep anybody from the rest.
func (e *Engine) Damage(ctx context.Context) ([]Problem, error) {
	if e.first.Load() == nil {
		return nil, nil
	}
	n, err := e.vault().LostCount(ctx)
	if err != nil {
		return nil, err
	}
	return append(named(e.damaged()), lostParts(n)...), nil
}

// damaged are states and lists of versions that the storage serves, and that cannot be used.
func (e *Engine) damaged() (out []error) {
	if st := e.vault().Known(); st != nil {
		out = refused(st)
	}
	if lists := e.unread.Load(); lists != nil {
		out = append(out, *lists...)
	}
	return out
}

// refused are the states of devices that are not used.
func refused(st *vault.State) []error { return slices.Concat(st.Damaged, st.Ignored) }

// nothingListed is the error of a storage on which nothing but damage is found.
func (e *Engine) nothingListed() error {
	var found []error
	for _, err := range e.damaged() {
		if Describe(err).Exit == ExitDamage {
			found = append(found, err)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("list the versions: %w", errors.Join(found...))
}

// named describes errors with their own words, which tell one damaged thing from another.
func named(errs []error) (out []Problem) {
	for _, err := range errs {
		p := Describe(err)
		if p.Detail == "" {
			p.Detail = upper(err.Error()) + "."
		}
		out = append(out, p)
	}
	return out
}
