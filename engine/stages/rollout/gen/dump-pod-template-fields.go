// Prints the JSON layout of core/v1 PodTemplateSpec: every struct's fields in Go's order, as pod-template-fields.ts holds it. Run with k8s.io/api v0.34.1:
// GOFLAGS=-mod=mod go run gen/dump-pod-template-fields.go
package main

import (
	"fmt"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

var leaves = map[string]string{"Quantity": "quantity", "IntOrString": "intOrString", "Time": "time", "FieldsV1": "raw"}
var seen = map[string]bool{}
var queue []reflect.Type

func layout(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + layout(t.Elem())
	case reflect.Slice:
		return "[]" + layout(t.Elem())
	case reflect.Map:
		return "{}" + layout(t.Elem())
	case reflect.Struct:
		if leaf, ok := leaves[t.Name()]; ok {
			return leaf
		}
		if !seen[t.Name()] {
			seen[t.Name()] = true
			queue = append(queue, t)
		}
		return t.Name()
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	}
	return "int"
}

func fields(t reflect.Type) []string {
	var out []string
	for i := 0; i < t.NumField(); i++ {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" && t.Field(i).Anonymous {
			out = append(out, fields(t.Field(i).Type)...)
			continue
		}
		mark := ""
		if strings.Contains(options, "omitzero") {
			mark = "!"
		} else if strings.Contains(options, "omitempty") {
			mark = "?"
		}
		out = append(out, name+mark+":"+layout(t.Field(i).Type))
	}
	return out
}

func main() {
	layout(reflect.TypeOf(corev1.PodTemplateSpec{}))
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		fmt.Printf("  %s: '%s',\n", t.Name(), strings.Join(fields(t), " "))
	}
}
