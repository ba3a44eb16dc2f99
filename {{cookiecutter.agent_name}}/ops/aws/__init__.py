"""AWS's protocols and rules by botocore's service models: for servers on this machine that speak them."""
