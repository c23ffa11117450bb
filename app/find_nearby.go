package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"roost/syncer"
)

// nearbyAnswer is what the local network was told. Anybody in it can tell such things.
type nearbyAnswer struct {
	Found []nearbyJSON `json:"found"`
}

type nearbyJSON struct {
	Name        string   `json:"name"`
	Fingerprint string   `json:"fingerprint"`
	Addresses   []string `json:"addresses"`
}

// nodeFind needs no home: nothing of it goes into the network.
func nodeFind(ctx context.Context, _ *call) (answer, error) {
	all, err := syncer.LookNearby(ctx)
	if err != nil {
		return nil, err
	}
	a := nearbyAnswer{Found: []nearbyJSON{}}
	for _, b := range all {
		a.Found = append(a.Found, nearbyJSON(b))
	}
	return a, nil
}

func (a nearbyAnswer) people(w io.Writer) {
	if len(a.Found) == 0 {
		fmt.Fprintln(w, "No storage tells this network of itself. A connection code also says where its storage is.")
		return
	}
	for _, b := range a.Found {
		fmt.Fprintf(w, "%s  %s\n", shown(b.Name), strings.Join(b.Addresses, " "))
	}
	fmt.Fprintln(w, "To use one takes its connection code: roost node add --code-file -")
}
