package vault

// ForgetWords is a device from which the words were removed.
func (b *Bundle) ForgetWords() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Entropy = nil
}
