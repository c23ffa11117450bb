package syncer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/code"
)

// Applicant is this computer while it asks to be let into a backup by another one of it, rather than with the words. Nothing of
// it is written down: who closes the window asks again.
type Applicant struct {
	Code  string    // for the other computer; no secret
	Words string    // four, for both screens to compare
	Until time.Time // when the code is too old

	asking *vault.Applicant
}

// NewApplicant asks from now on. An empty name is the host's.
func NewApplicant(name string) (*Applicant, error) {
	a, err := vault.NewApplicant(deviceName(name), time.Now())
	if err != nil {
		return nil, err
	}
	text, err := code.Asking.Write(a.Asking())
	if err != nil {
		return nil, err
	}
	return &Applicant{Code: text, Words: format.PairingWords(a.Asking(), nil), Until: a.Until(), asking: a}, nil
}

// Join reads the other computer's answer, a text or a picture of it. Nothing is made by that.
// Errors: vault.ErrAskingOver, vault.ErrOtherAnswer, format.ErrDamaged, those of package code.
func (a *Applicant) Join(given []byte) (*Joined, error) {
	answer, err := code.Answer.ReadFrom(given)
	if err != nil {
		return nil, err
	}
	j, err := a.asking.Join(answer, time.Now())
	if err != nil {
		return nil, err
	}
	out := &Joined{Words: j.Words, bundle: j.Bundle}
	for _, p := range j.Places {
		c := code.Code{Name: p.Name, Addresses: p.Addresses, Token: p.Token, Fingerprint: hex.EncodeToString(p.Fingerprint), Host: p.Host}
		if err := c.Check(); err != nil {
			return nil, fmt.Errorf("read where the storage is: %w: %w", format.ErrDamaged, err)
		}
		o := SetupOptions{Joined: out, AllowHTTP: p.Open}
		o.UseCode(c)
		o.ClusterURL, o.ClusterToken, o.ClusterFingerprint = p.Cluster, p.ClusterToken, hex.EncodeToString(p.ClusterPrint)
		o.ClusterCopies = int(min(p.Copies, node.MostCopies))
		if err := o.node(o.NodeName).checkCluster(); err != nil {
			return nil, fmt.Errorf("read where the storage is: %w: %w", format.ErrDamaged, err)
		}
		out.Storages = append(out.Storages, o)
	}
	return out, nil
}

// Joined is this computer as another one let it in. It counts when a person has compared the words, and Setup has made a home.
type Joined struct {
	Words    string         // four others than those of the code, for both screens to compare
	Storages []SetupOptions // where the backup is; none when only the other computer reaches it

	bundle *vault.Bundle
}

// Asked is a computer that asks to be let in.
type Asked struct {
	Code  string // as it was shown
	Name  string // as it calls itself: anybody can
	Words string // four, for both screens to compare
	Until time.Time
}

// ReadAsking reads the code of a computer that asks, a text or a picture of it. It takes a moment.
// Errors: vault.ErrAskingOver, format.ErrDamaged, those of package code.
func ReadAsking(given []byte) (*Asked, error) {
	body, err := code.Asking.ReadFrom(given)
	if err != nil {
		return nil, err
	}
	a, err := vault.ReadAsking(body, time.Now())
	if err != nil {
		return nil, err
	}
	text, err := code.Asking.Write(body)
	if err != nil {
		return nil, err
	}
	return &Asked{Code: text, Name: a.Name, Words: format.PairingWords(body, nil), Until: time.Unix(a.Until, 0)}, nil
}

// LetIn is a computer that was let in.
type LetIn struct {
	Name     string
	Code     string // the answer: that computer alone can read it, as long as its own code is good
	Words    string // four others, for both screens to compare
	Storages int    // that the answer tells of; 0: none can be reached from elsewhere
}

// LetIn makes the computer that asks one of this backup, when a person has compared the words of its code. The answer holds all
// keys but the recovery words, and how the storages that can be reached from elsewhere let this computer in.
// Errors: vault.ErrAskingOver, vault.ErrLetIn, vault.ErrIntroduced, those of package code and of a commit.
func (e *Engine) LetIn(ctx context.Context, asking string) (*LetIn, error) {
	body, err := code.Asking.Read(asking)
	if err != nil {
		return nil, err
	}
	var out *LetIn
	// Further storages hear of it with the next version: nobody has to wait for one that is off.
	err = e.publish(ctx, func() error {
		places := e.places()
		in, err := e.vault().LetIn(ctx, body, places, time.Now())
		if err != nil {
			return err
		}
		out = &LetIn{Name: in.Name, Words: in.Words, Storages: len(places)}
		if out.Code, err = code.Answer.Write(in.Answer); err != nil {
			return err
		}
		return e.note(ctx, Activity{Kind: ActivityDevice, Text: fmt.Sprintf("The computer %q was let into this backup.", in.Name)}, false)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// places are the storages that another computer can reach.
func (e *Engine) places() (all []format.Place) {
	for _, nc := range e.home.config().Nodes {
		if nc.Dir != "" || node.Loopback(nc.URL) {
			continue
		}
		p := format.Place{
			Name: nc.Name, Addresses: append([]string{nc.URL}, nc.Addresses...), Token: e.bundle.Token(nc.Name), Host: nc.Host,
			Open: nc.AllowHTTP || e.opts.AllowHTTP,
		}
		c := code.Code{Name: p.Name, Addresses: p.Addresses, Token: p.Token, Fingerprint: nc.Fingerprint, Host: p.Host}
		print, err := hex.DecodeString(nc.Fingerprint)
		if err := errors.Join(err, c.Check()); err != nil { // no code could say it, either
			e.log.Warn("a computer that is let in is not told of a storage", "storage", nc.Name, "reason", err)
			continue
		}
		p.Fingerprint = print
		if g := nc.Cluster; g != nil {
			p.Cluster, p.ClusterToken, p.Copies = g.URL, e.bundle.Token(clusterKey(nc.Name)), uint64(g.Copies)
			if p.ClusterPrint, err = hex.DecodeString(g.Fingerprint); err != nil || node.Loopback(g.URL) {
				e.log.Warn("a computer that is let in is not told of a storage whose cluster only this one reaches", "storage", nc.Name)
				continue
			}
		}
		all = append(all, p)
	}
	return all
}

// deviceName is what this computer calls itself: the host's name where none is given.
func deviceName(name string) string {
	if name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "this computer"
	}
	return name
}
