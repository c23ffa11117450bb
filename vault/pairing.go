package vault

import (
	"context"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"roost/vault/format"
)

// Errors of letting a device in.
var (
	// ErrAskingOver: the code was shown too long ago.
	ErrAskingOver = errors.New("the code is too old")
	// ErrOtherAnswer: the answer is one to another code.
	ErrOtherAnswer = errors.New("this answer is for another code")
	// ErrLetIn: the device that asks belongs to the vault already: its code was used.
	ErrLetIn = errors.New("this code was used already")
	// ErrIntroduced: a device that was let in by another one lets nobody in.
	ErrIntroduced = errors.New("this computer was let in by another one, and cannot let others in")
)

// Applicant is a device that asks to be let into a vault, by one of its devices and without the words. Its private keys are
// in memory only.
type Applicant struct {
	name         string
	sign, seal   [32]byte
	installation [16]byte
	asking       []byte
	until        time.Time
}

// NewApplicant makes the keys of a device that asks from now on.
func NewApplicant(name string, now time.Time) (*Applicant, error) {
	a := &Applicant{name: name, until: now.Add(format.AskingLasts).Truncate(time.Second)}
	for _, p := range [][]byte{a.sign[:], a.seal[:], a.installation[:]} {
		if _, err := rand.Read(p); err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
	}
	seal, err := a.sealKey()
	if err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(a.sign[:])
	a.asking, err = format.SignAsking(format.Asking{
		Sign: key.Public().(ed25519.PublicKey), Seal: seal.PublicKey().Bytes(), Name: name, Until: a.until.Unix(),
	}, key)
	return a, err
}

func (a *Applicant) sealKey() (*ecdh.PrivateKey, error) {
	k, err := ecdh.X25519().NewPrivateKey(a.seal[:])
	if err != nil {
		return nil, fmt.Errorf("make this device's sealing key: %w", err)
	}
	return k, nil
}

// Asking is what it asks with: to be shown to the other device, and no secret.
func (a *Applicant) Asking() []byte { return a.asking }

// Until is when nobody answers it any more.
func (a *Applicant) Until() time.Time { return a.until }

// Joined is a device that was let in, before it has saved anything.
type Joined struct {
	Bundle *Bundle
	Places []format.Place // the storages
	Words  string         // for both screens to compare; only then is it the person's own vault
}

// Join reads the answer. Errors: ErrAskingOver, ErrOtherAnswer, format.ErrDamaged.
func (a *Applicant) Join(answer []byte, now time.Time) (*Joined, error) {
	if now.After(a.until) {
		return nil, ErrAskingOver
	}
	seal, err := a.sealKey()
	if err != nil {
		return nil, err
	}
	x, err := format.OpenInvitation(answer, a.asking, seal)
	if errors.Is(err, format.ErrWrongKey) {
		return nil, ErrOtherAnswer
	}
	if err != nil {
		return nil, err
	}
	id := format.DeviceOf(ed25519.NewKeyFromSeed(a.sign[:]).Public().(ed25519.PublicKey))
	registry := format.Registry{Certificates: []format.Certified{x.Certificate, x.Introducer}}
	cert, err := registry.Certificate(id)
	if err != nil {
		return nil, err
	}
	b := &Bundle{b: bundleBody{
		Version: 1, Vault: x.Vault, Fingerprint: x.Fingerprint, ChunkID: x.ChunkID, Chunker: x.Chunker, Locator: x.Locator,
		PinName: x.PinName, Outer: x.Outer, RootPublic: x.RootPublic, Epochs: x.Epochs, SignSeed: a.sign, SealKey: a.seal,
		Certificate: x.Certificate, Introducer: &x.Introducer, Name: cert.Name, Installation: a.installation,
		Keyring: x.Keyring, // the storage brings the block
	}}
	b.keys.Store(x.Keys())
	b.device = id
	return &Joined{Bundle: b, Places: x.Places, Words: format.PairingWords(a.asking, x.Keys())}, nil
}

// ReadAsking reads what a device asks with. Errors: ErrAskingOver, format.ErrDamaged.
func ReadAsking(asking []byte, now time.Time) (*format.Asking, error) {
	a, err := format.OpenAsking(asking)
	if err != nil {
		return nil, err
	}
	// A clock that is a little behind or ahead is no reason; one that promises more than there is, is.
	if left := time.Unix(a.Until, 0).Sub(now); left < -clockSlack || left > format.AskingLasts+clockSlack {
		return nil, ErrAskingOver
	}
	return a, nil
}

// clockSlack is how far the clocks of two devices may be apart.
const clockSlack = 2 * time.Minute

// LetIn is a device that was let in.
type LetIn struct {
	Name   string
	Answer []byte // for that device alone: nobody else can open it
	Words  string // for both screens to compare
}

// LetIn makes who asks a device of this vault, and publishes that, so that it can be seen and shut out before it has saved
// anything. A person has compared the words of the asking. The answer holds all keys but the words, and the name that it got:
// one that no other device has.
// Errors: ErrAskingOver, ErrLetIn, ErrIntroduced, format.ErrDamaged; those of a commit.
func (v *Vault) LetIn(ctx context.Context, asking []byte, places []format.Place, now time.Time) (*LetIn, error) {
	a, err := ReadAsking(asking, now)
	if err != nil {
		return nil, err
	}
	s, err := v.beginChange(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	all := s.registry()
	if _, introduced := all.Introducer(v.Device()); introduced {
		return nil, ErrIntroduced
	}
	if _, err := all.Certificate(a.Device()); err == nil || all.Revoked(a.Device()) != nil {
		return nil, ErrLetIn
	}
	own := slices.IndexFunc(all.Certificates, func(c format.Certified) bool { return len(c.By) == 0 && c.Of(v.Device()) })
	if own < 0 {
		return nil, ErrIntroduced
	}
	name, err := freeName(all, a.Name)
	if err != nil {
		return nil, err
	}
	k := v.keys()
	cert := format.Introduce(&format.Certificate{Vault: k.Vault, Sign: a.Sign, Seal: a.Seal, Name: name, Seconds: now.Unix()}, v.bundle.signKey())
	version, _ := v.bundle.keyring()
	answer, err := format.SealInvitation(&format.Invitation{
		Vault: k.Vault, Fingerprint: k.Fingerprint, ChunkID: k.ChunkID, Chunker: k.Chunker, Locator: k.Locator, PinName: k.PinName,
		Outer: k.Outer, RootPublic: k.RootPublic, Epochs: k.Epochs, Keyring: version, Certificate: cert,
		Introducer: all.Certificates[own], Places: places,
	}, asking)
	if err != nil {
		return nil, err
	}
	h := s.nextHead(nil)
	h.Registry = h.Registry.Merge(format.Registry{Certificates: []format.Certified{cert}})
	c, err := s.commitOf(ctx, h, nil)
	if err == nil {
		err = s.bring(ctx, c, nil)
	}
	if err != nil {
		return nil, err
	}
	return &LetIn{Name: name, Answer: answer, Words: format.PairingWords(asking, k)}, nil
}
