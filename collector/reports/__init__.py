"""What a campaign has achieved: success, throughput, cost and coverage, from plain records."""
