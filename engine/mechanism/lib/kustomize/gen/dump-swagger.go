// Prints the OpenAPI document that kustomize carries, as JSON. In an empty folder with this file:
//   go mod init dump && go get sigs.k8s.io/kustomize/kyaml@v0.21.1 && go run . > swagger.json
package main

import (
	"encoding/json"
	"os"

	"sigs.k8s.io/kustomize/kyaml/openapi"
)

func main() {
	if err := json.NewEncoder(os.Stdout).Encode(openapi.Schema()); err != nil {
		panic(err)
	}
}
