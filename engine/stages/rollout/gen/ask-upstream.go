//go:build ignore

// Answers questions about Rollouts with upstream's own packages: reads a JSON array of cases, prints one answer per line.
// Needs a module that requires github.com/argoproj/argo-rollouts v1.9.1 with the replace directives of upstream's go.mod:
// go run ask-upstream.go CASES.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	log "github.com/sirupsen/logrus"

	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/validation"
	"github.com/argoproj/argo-rollouts/utils/conditions"
	"github.com/argoproj/argo-rollouts/utils/hash"
	"github.com/argoproj/argo-rollouts/utils/replicaset"
	"github.com/argoproj/argo-rollouts/utils/rollout"
)

type question struct {
	Ask      string                   `json:"ask"`
	Rollout  v1alpha1.Rollout         `json:"rollout"`
	New      *appsv1.ReplicaSet       `json:"new"`
	Stable   *appsv1.ReplicaSet       `json:"stable"`
	Others   []*appsv1.ReplicaSet     `json:"others"`
	Weights  *v1alpha1.TrafficWeights `json:"weights"`
}

func answer(q question) any {
	ro := &q.Rollout
	all := []*appsv1.ReplicaSet{}
	if q.New != nil {
		all = append(all, q.New)
	}
	if q.Stable != nil {
		all = append(all, q.Stable)
	}
	all = append(all, q.Others...)
	switch q.Ask {
	case "counts":
		var c, s int32
		if ro.Spec.Strategy.Canary.TrafficRouting == nil {
			c, s = replicaset.CalculateReplicaCountsForBasicCanary(ro, q.New, q.Stable, q.Others)
		} else {
			c, s = replicaset.CalculateReplicaCountsForTrafficRoutedCanary(ro, q.New, q.Stable, q.Weights)
		}
		at := replicaset.AtDesiredReplicaCountsForCanary(ro, q.New, q.Stable, q.Others, q.Weights)
		return []any{c, s, at}
	case "blueGreen":
		n, err := replicaset.NewRSNewReplicas(ro, all, q.New, nil)
		if err != nil {
			return err.Error()
		}
		return []any{n, replicaset.ReadyForPause(ro, q.New, all), replicaset.MaxUnavailable(ro)}
	case "validate":
		out := []string{}
		for _, e := range validation.ValidateRollout(ro) {
			out = append(out, e.Error())
		}
		return out
	case "phase":
		p, m := rollout.CalculateRolloutPhase(ro.Spec, ro.Status)
		gp, gm := rollout.GetRolloutPhase(ro)
		return []any{p, m, gp, gm}
	case "hash":
		return []any{hash.ComputePodTemplateHash(&ro.Spec.Template, ro.Status.CollisionCount), conditions.ComputeStepHash(ro)}
	}
	return "?"
}

func main() {
	log.SetLevel(log.PanicLevel)
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		panic(err)
	}
	for _, r := range raw {
		var q question
		if err := json.Unmarshal(r, &q); err != nil {
			line, _ := json.Marshal("unmarshal: " + err.Error())
			fmt.Println(string(line))
			continue
		}
		line, _ := json.Marshal(answer(q))
		fmt.Println(string(line))
	}
}
