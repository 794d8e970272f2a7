// Writes kubernetes-types.json: the fields of every built-in kind that the engine serves, as data.
// Names, optionality and merge strategies come from the Go struct tags, list and map types from the comments in the
// generated.proto files. Run: go run dump-types.go > ../kubernetes-types.json (go.mod: k8s.io/api and
// k8s.io/apimachinery v0.35.0).
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var roots = map[string][]any{
	"v1": {core.ConfigMap{}, core.Event{}, core.LimitRange{}, core.Namespace{}, core.Node{}, core.PersistentVolume{},
		core.PersistentVolumeClaim{}, core.Pod{}, core.ResourceQuota{}, core.Secret{}, core.Service{}, core.ServiceAccount{},
		meta.DeleteOptions{}},
	"apps/v1":                      {apps.Deployment{}, apps.DaemonSet{}, apps.ReplicaSet{}, apps.StatefulSet{}},
	"authentication.k8s.io/v1":     {authentication.SelfSubjectReview{}},
	"authorization.k8s.io/v1":      {authorization.SelfSubjectAccessReview{}, authorization.SelfSubjectRulesReview{}},
	"autoscaling/v1":               {autoscalingv1.HorizontalPodAutoscaler{}, autoscalingv1.Scale{}},
	"autoscaling/v2":               {autoscaling.HorizontalPodAutoscaler{}},
	"batch/v1":                     {batch.CronJob{}, batch.Job{}},
	"coordination.k8s.io/v1":       {coordination.Lease{}},
	"discovery.k8s.io/v1":          {discovery.EndpointSlice{}},
	"networking.k8s.io/v1":         {networking.Ingress{}, networking.IngressClass{}, networking.NetworkPolicy{}},
	"policy/v1":                    {policy.PodDisruptionBudget{}, policy.Eviction{}},
	"rbac.authorization.k8s.io/v1": {rbac.ClusterRole{}, rbac.ClusterRoleBinding{}, rbac.Role{}, rbac.RoleBinding{}},
	"scheduling.k8s.io/v1":         {scheduling.PriorityClass{}},
	"storage.k8s.io/v1":            {storage.StorageClass{}},
}

var special = map[string]string{
	"resource.Quantity": "Quantity", "intstr.IntOrString": "IntOrString", "v1.Time": "Time", "v1.MicroTime": "MicroTime",
	"runtime.RawExtension": "Raw", "v1.FieldsV1": "FieldsV1", "v1.Duration": "Duration",
}

var types = map[string]map[string]string{}

// markers["<package path>.<Message>.<field>"] holds the +listType and similar comments of a field.
var markers = map[string][]string{}

func main() {
	readMarkers("k8s.io/api")
	readMarkers("k8s.io/apimachinery")
	kinds := map[string]string{}
	for apiVersion, objects := range roots {
		for _, object := range objects {
			t := reflect.TypeOf(object)
			kinds[apiVersion+" "+t.Name()] = typeName(t)
			walk(t)
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	if err := out.Encode(map[string]any{"kinds": kinds, "types": types}); err != nil {
		panic(err)
	}
}

func typeName(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], ".") + "." + t.Name()
}

func notation(t reflect.Type) string {
	if name, ok := special[t.String()]; ok {
		return name
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + notation(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if t.Name() != "" && t.Elem().Kind() == reflect.String {
			return "[]string"
		}
		return "[]" + notation(t.Elem())
	case reflect.Map:
		return "map[string]" + notation(t.Elem())
	case reflect.Struct:
		walk(t)
		return typeName(t)
	default:
		return t.Kind().String()
	}
}

func walk(t reflect.Type) {
	name := typeName(t)
	if _, done := types[name]; done {
		return
	}
	fields := map[string]string{}
	types[name] = fields
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		tag := strings.Split(field.Tag.Get("json"), ",")
		if field.Type == reflect.TypeOf(meta.TypeMeta{}) || tag[0] == "-" {
			continue
		}
		number := "0"
		if parts := strings.Split(field.Tag.Get("protobuf"), ","); len(parts) > 1 {
			number = parts[1]
		}
		key, text := tag[0], number+" "+notation(field.Type)
		if len(tag) > 1 && tag[1] == "inline" {
			key = "+" + strings.ToLower(field.Name[:1]) + field.Name[1:]
		}
		if len(tag) > 1 && tag[1] == "omitempty" {
			text += " optional"
		}
		if strategy := field.Tag.Get("patchStrategy"); strategy != "" {
			text += " patch=" + strategy
		}
		if mergeKey := field.Tag.Get("patchMergeKey"); mergeKey != "" {
			text += " key=" + mergeKey
		}
		if isAtomic(field.Type) {
			text += " atomic"
		}
		if found := listMarkers(t, key); found != "" {
			text += " " + found
		}
		fields[key] = text
	}
}

func isAtomic(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && atomicStructs[t.PkgPath()+"."+t.Name()]
}

func listMarkers(t reflect.Type, field string) string {
	var words, keys []string
	for _, marker := range markers[t.PkgPath()+"."+t.Name()+"."+field] {
		switch {
		case strings.HasPrefix(marker, "listType=") && marker != "listType=atomic":
			words = append(words, "list="+strings.TrimPrefix(marker, "listType="))
		case strings.HasPrefix(marker, "listMapKey="):
			keys = append(keys, strings.TrimPrefix(marker, "listMapKey="))
		case marker == "mapType=atomic" || marker == "structType=atomic":
			words = append(words, "atomic")
		}
	}
	if len(keys) > 0 {
		words = append(words, "keys="+strings.Join(keys, ","))
	}
	return strings.Join(words, " ")
}

var (
	messageLine = regexp.MustCompile(`^message (\w+) \{`)
	markerLine  = regexp.MustCompile(`^\s*// \+(\S+)`)
	fieldLine   = regexp.MustCompile(`^\s+(?:optional|repeated|map)\S* .*?(\w+) = \d+`)
)

func readMarkers(module string) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		panic(err)
	}
	root := strings.TrimSpace(string(out))
	err = filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.Name() != "generated.proto" {
			return err
		}
		relative, _ := filepath.Rel(root, filepath.Dir(path))
		return readProto(path, module+"/"+filepath.ToSlash(relative))
	})
	if err != nil {
		panic(err)
	}
}

func readProto(path, pkg string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	message, pending := "", []string{}
	typeAtomic := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if found := messageLine.FindStringSubmatch(line); found != nil {
			message = found[1]
			for _, marker := range pending {
				typeAtomic[message] = typeAtomic[message] || marker == "structType=atomic"
			}
			pending = nil
		} else if found := markerLine.FindStringSubmatch(line); found != nil {
			pending = append(pending, found[1])
		} else if found := fieldLine.FindStringSubmatch(line); found != nil {
			markers[fmt.Sprintf("%s.%s.%s", pkg, message, found[1])] = pending
			pending = nil
		} else if line == "}" {
			pending = nil
		}
	}
	for name := range typeAtomic {
		if typeAtomic[name] {
			atomicStructs[pkg+"."+name] = true
		}
	}
	return nil
}

var atomicStructs = map[string]bool{}
