#!/usr/bin/env python3
"""The work that `npm run bench` times, in PyTorch, as somebody who knows PyTorch would write it.

    python3 -m venv ../torch && ../torch/bin/pip install torch numpy transformers
    npm run bench -- --python ../torch/bin/python

    torch_peer.py train    one AdamW step of the paper's decoder, batch 256 (data are drawn at random, not collected)
    torch_peer.py sample   a query: 1,024 candidates in batches of 256 with cached keys and values, all run through the
                           probed model, 100 of them scored with the activation and without
    torch_peer.py collect  activations of 20,000 inputs at 13 sites, in batches of 1,024
    torch_peer.py lm       64 inputs of 40 tokens through all 12 layers of GPT-2 small's size, by by transformers
    torch_peer.py judge    candidates of a file (`--texts`) through a Llama of the size that it states, in the order in which they were drawn,
                           padded in batches of 64; distances at all positions of the last layer's output
 runs the networks through torch.compile, `--threads` sets the processors. Weights are random: what is timed
does not depend on what was learnt. Prints one JSON line with the median and the least of the timed repetitions; those
before, in which kernels are chosen and code is compiled, do not count.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

# The addition task: tokens, places (EOS is predicted, never read), sites; width and heads of the probed model.
VOCABULARY, PLACES, SITES = 15, 13, 13
PROBED_WIDTH, PROBED_HEADS, LAYERS = 32, 4, 2
# The paper's decoder.
WIDTH, HEADS, BLOCKS, DROPOUT = 256, 4, 6, 0.1
CONDITION = PROBED_WIDTH + SITES
BOS = 10


def heads(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


class ConditionedBlock(nn.Module):
    """A GPT-2 block whose keys and values begin with one place that speaks of the activation."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.condition = nn.Sequential(nn.Linear(CONDITION, WIDTH), nn.LayerNorm(WIDTH))
        # Query t sees the place before the sequence and places 0 to t.
        self.register_buffer("mask", torch.ones(PLACES, PLACES + 1, dtype=torch.bool).tril(1))

    def prefix(self, u):
        weight, bias = self.qkv.weight[WIDTH:], self.qkv.bias[WIDTH:]
        key, value = F.linear(self.condition(u)[:, None], weight, bias).chunk(2, -1)
        return heads(key, HEADS), heads(value, HEADS)

    def forward(self, x, past):
        query, key, value = (heads(part, HEADS) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        # One place at a time sees all that is there.
        mask = self.mask[: x.shape[1], : key.shape[2]] if x.shape[1] > 1 else None
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        x = x + F.dropout(self.out(seen.transpose(1, 2).flatten(2)), DROPOUT, self.training)
        hidden = F.gelu(self.up(self.norm2(x)), approximate="tanh")
        return x + F.dropout(self.down(hidden), DROPOUT, self.training), (key, value)


class Decoder(nn.Module):
    """The paper's decoder: two conditioned blocks, six residual blocks over the activation and its site's embedding."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(PLACES, WIDTH)
        self.sites = nn.Embedding(SITES, SITES)
        self.residual = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(CONDITION),
                nn.Linear(CONDITION, PROBED_WIDTH),
                nn.ReLU(),
                nn.Linear(PROBED_WIDTH, CONDITION),
            )
            for _ in range(BLOCKS)
        )
        self.condition_norm, self.norm = nn.LayerNorm(CONDITION), nn.LayerNorm(WIDTH)
        self.blocks = nn.ModuleList(ConditionedBlock() for _ in range(LAYERS))

    def prefixes(self, activation, site):
        u = torch.cat([activation, self.sites(site)], -1)
        for block in self.residual:
            u = u + block(u)
        u = self.condition_norm(u)
        return [block.prefix(u) for block in self.blocks]

    def continued(self, ids, place, past):
        """Logits at places that start at `place`, and what later ones see."""
        x = self.tokens(ids) + self.places.weight[place : place + ids.shape[1]]
        x = F.dropout(x, DROPOUT, self.training)
        seen = []
        for block, before in zip(self.blocks, past):
            x, now = block(x, before)
            seen.append(now)
        return F.linear(self.norm(x), self.tokens.weight), seen

    def forward(self, ids, activation, site):
        return self.continued(ids, 0, self.prefixes(activation, site))[0]


class Probed(nn.Module):
    """The probed model; gives the activations of all sites."""

    def __init__(self):
        super().__init__()
        width = PROBED_WIDTH
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(PLACES, width)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm1": nn.LayerNorm(width),
                    "qkv": nn.Linear(width, 3 * width),
                    "out": nn.Linear(width, width),
                    "norm2": nn.LayerNorm(width),
                    "up": nn.Linear(width, 4 * width),
                    "down": nn.Linear(4 * width, width),
                }
            )
            for _ in range(LAYERS)
        )

    def forward(self, ids):
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        sites = [x]
        for block in self.blocks:
            query, key, value = (heads(part, PROBED_HEADS) for part in block["qkv"](block["norm1"](x)).chunk(3, -1))
            seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
            # What each head writes by itself.
            project = block["out"].weight.unflatten(1, (PROBED_HEADS, -1))
            results = torch.einsum("bhtk,dhk->hbtd", seen, project)
            x = x + results.sum(0) + block["out"].bias
            sites += [*results, x]
            hidden = F.gelu(block["up"](block["norm2"](x)), approximate="tanh")
            x = x + block["down"](hidden)
            sites.append(x)
        return sites


def train(compiled):
    batch = 256
    decoder = Decoder()
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    network = torch.compile(decoder) if compiled else decoder

    def once():
        ids = torch.randint(0, 10, (batch, PLACES + 1))
        activation, site = torch.randn(batch, PROBED_WIDTH), torch.randint(0, SITES, (batch,))
        logits = network(ids[:, :-1], activation, site)
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return once


@torch.inference_mode()
def drawn(decoder, continued, activation, site):
    """Inputs drawn from the decoder, one place after another."""
    ids = torch.full((len(activation), 1), BOS)
    past = decoder.prefixes(activation, site)
    all_ids = [ids]
    for place in range(PLACES):
        logits, past = continued(ids, place, past)
        ids = torch.multinomial(logits[:, -1].softmax(-1), 1)
        all_ids.append(ids)
    return torch.cat(all_ids, 1)


def sample(compiled):
    candidates, batch, scored, at = 1024, 256, 100, 1
    decoder, probed = Decoder().eval(), Probed().eval()
    continued = torch.compile(decoder.continued, dynamic=True) if compiled else decoder.continued
    judge = torch.compile(probed) if compiled else probed
    score = torch.compile(decoder) if compiled else decoder

    @torch.inference_mode()
    def once():
        z = torch.randn(PROBED_WIDTH)
        site = torch.full((batch,), at)
        rows, distances = [], []
        for _ in range(candidates // batch):
            ids = drawn(decoder, continued, z.expand(batch, -1), site)
            own = judge(ids[:, :-1])[at]
            distances.append(((own - z).norm(dim=-1) / z.norm()).amin(1))
            rows.append(ids)
        shown = torch.cat(rows)[torch.cat(distances).argsort()[:scored]]
        for activation in (z, torch.zeros_like(z)):
            likely = score(shown[:, :-1], activation.expand(scored, -1), site[:scored]).softmax(-1)
            likely.gather(-1, shown[:, 1:, None])

    return once


def collect(compiled):
    inputs, batch = 20_000, 1024
    probed = Probed().eval()
    network = torch.compile(probed) if compiled else probed
    ids = torch.randint(0, 10, (inputs, PLACES))

    @torch.inference_mode()
    def once():
        for part in ids.split(batch):
            torch.stack(network(part))

    return once


def lm(compiled):
    from transformers import GPT2Config, GPT2Model

    model = GPT2Model(GPT2Config()).eval()
    network = torch.compile(model) if compiled else model

    @torch.inference_mode()
    def once():
        network(torch.randint(0, 40_000, (64, 40)), use_cache=False)

    return once


def judge(compiled):
    from transformers import LlamaConfig, LlamaModel

    with open(given.texts) as file:
        work = json.load(file)
    model = LlamaModel(LlamaConfig(**work["config"])).eval()
    network = torch.compile(model) if compiled else model
    z = torch.randn(work["config"]["hidden_size"])
    texts = work["texts"]

    @torch.inference_mode()
    def batch(some):
        longest = max(map(len, some))
        ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids in some])
        own = network(ids, use_cache=False).last_hidden_state
        return ((own - z).norm(dim=-1) / z.norm()).amin(1)

    def once():
        for start in range(0, len(texts), 64):
            batch(texts[start : start + 64])

    batch(texts[:64])
    return once


given = None


def main():
    works = {"train": (train, 20), "sample": (sample, 5), "collect": (collect, 3), "lm": (lm, 5), "judge": (judge, 1)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=works)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--texts")
    global given
    options = given = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    make, repetitions = works[options.work]
    once = make(options.compile)
    # A judge takes minutes and has run a batch.
    for _ in range(0 if options.work == "judge" else 3):
        once()
    seconds = []
    for _ in range(options.repetitions or repetitions):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    peer = f"PyTorch {torch.__version__.split('+')[0]}, Python {sys.version.split()[0]}"
    print(json.dumps({"peer": peer, "median_s": statistics.median(seconds), "min_s": min(seconds)}))


main()
