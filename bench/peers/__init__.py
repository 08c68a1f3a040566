"""Other people's queues, each as its own handbook sets it up, to be compared with. Nothing of the product is used."""
