// Package killtest runs a program and kills it at a chosen one of its durable points: the calls with which it changes a
// file or says something to a storage.
//
// The kernel is asked to stop the program at these calls (seccomp's user notification), so nothing has to be built into
// it: what is killed is what people run. Linux only.
package killtest
